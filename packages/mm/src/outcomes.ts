/**
 * Results of calls and accesses in the words of `@faultline/program`.
 * @module
 */
import { ENOMEM, FAULT_ACCESS, FAULT_HWPOISON, FAULT_SIGBUS, FAULT_SIGSEGV, type UffdMessage } from '@faultline/mm-types'
import type { Message, Outcome } from '@faultline/program'
import { ACCESS_LIVELOCK } from './access-request.ts'

const BUS_MCEERR_AR = 4

/** Nothing but success. */
export const SUCCESS: Outcome = { errno: 0 }

/** The outcome of a system call that returns 0 or a negated errno. */
export function callOutcome(result: number): Outcome {
  if (result === ACCESS_LIVELOCK) return { errno: 0, blocked: true, livelock: true }
  return result < 0 ? { errno: -result } : SUCCESS
}

/**
 * The outcome of an access code that is not waiting. SIGSEGV: 1 nothing (or a guard) is there, 2 the rights are missing; SIGBUS:
 * 2 nothing can be there, 4 it is lost, which kernels without CONFIG_MEMORY_FAILURE do not tell.
 *
 * @source v6.18 arch/x86/mm/fault.c do_sigbus()
 */
export function signalOutcome(code: number, memoryFailure: boolean): Outcome {
  if (code === ACCESS_LIVELOCK) return { errno: 0, blocked: true, livelock: true }
  if (code === FAULT_SIGSEGV) return { errno: 0, signal: 'SIGSEGV', signalCode: 1 }
  if (code === FAULT_ACCESS) return { errno: 0, signal: 'SIGSEGV', signalCode: 2 }
  if (code === FAULT_HWPOISON && memoryFailure) return { errno: 0, signal: 'SIGBUS', signalCode: BUS_MCEERR_AR }
  if (code === FAULT_SIGBUS || code === FAULT_HWPOISON) return { errno: 0, signal: 'SIGBUS', signalCode: 2 }
  return { errno: ENOMEM }
}

/** A message in the words of `@faultline/program`. */
export function toMessage(message: UffdMessage): Message {
  const { event, address } = message
  if (event === 'pagefault') {
    return message.thread ? { event, flags: message.flags, address, thread: message.thread } : { event, flags: message.flags, address }
  }
  if (event === 'remap') return { event, address, end: message.end, length: message.length }
  return event === 'fork' ? { event, address } : { event, address, end: message.end }
}

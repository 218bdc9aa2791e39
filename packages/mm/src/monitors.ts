/**
 * The monitors of a program: the userland that reads the messages of its userfaultfds, and answers.
 * @module
 */
import type { UffdFaultMessage } from '@faultline/mm-types'
import type { Answer, Message } from '@faultline/program'
import type { Bindings, NamedUffd } from './bindings.ts'
import { pageState } from './calls/pagemap.ts'
import type { ComposedKernel } from './laboratory.ts'
import type { AddressSpace } from './objects.ts'
import { toMessage } from './outcomes.ts'

/** A thread that waits in a fault, as its monitor needs to know it. */
export interface FaultingThread {
  readonly thread: string
  readonly mm: AddressSpace
  /** log2 of the page size where it waits. */
  readonly pageShift: number
}

/** Contents of the pages a monitor copies in: every byte 0x5a. */
export const MONITOR_STAMP = 0x5a5a5a5a

/** All monitors of a session. */
export class Monitors {
  private readonly composed: ComposedKernel
  private readonly bindings: Bindings

  constructor(composed: ComposedKernel, bindings: Bindings) {
    this.composed = composed
    this.bindings = bindings
  }

  /** Reads one event of a userfaultfd that has a monitor; faults come out first, whoever reads. @returns undefined when there is none */
  readEvent(): Message | undefined {
    for (const uffd of this.bindings.uffds.values()) {
      if (uffd.monitor === null) continue
      this.keep(uffd)
      const raw = this.composed.uffd.readEvent(uffd.context)
      if (raw !== undefined) return toMessage(raw)
    }
    return undefined
  }

  /** Answers the message of a thread that waits in a fault. @returns the message as it was delivered, or undefined when nobody answers */
  answer(faulting: FaultingThread): Message | undefined {
    for (const uffd of this.bindings.uffds.values()) {
      if (uffd.monitor === null) continue
      this.keep(uffd)
      const at = uffd.kept.findIndex(({ thread }) => thread === faulting.thread)
      if (at < 0) continue
      const answer = uffd.monitor[kindOf(uffd.kept[at])]
      if (answer === 'none') return undefined
      const [{ message: raw }] = uffd.kept.splice(at, 1)
      const unit = 2 ** faulting.pageShift
      const start = Math.floor(raw.address / unit) * unit
      const message = { ...toMessage(raw), state: pageState(faulting.mm, Math.floor(raw.address / 4096)) }
      if (this.give(uffd, answer, start, unit) !== 0) this.composed.uffd.wake(uffd.context, start, unit)
      return message
    }
    return undefined
  }

  /** Reads the messages of all faults. Those of threads that have been woken are void. */
  private keep({ context, kept }: NamedUffd): void {
    for (let i = kept.length - 1; i >= 0; i--) if (kept[i].isWoken) kept.splice(i, 1)
    for (let fault = this.composed.uffd.readFault(context); fault !== undefined; fault = this.composed.uffd.readFault(context))
      kept.push(fault)
  }

  /** @returns a negated errno or 0 */
  private give(uffd: NamedUffd, answer: Answer, start: number, length: number): number {
    const calls = this.composed.uffd
    const { mm, context } = uffd
    const fill = (kind: 'copy' | 'zeropage' | 'continue' | 'poison', mode: number) =>
      calls.fill(mm, context, { kind, start, length, mode, stamp: MONITOR_STAMP }).errno
    switch (answer) {
      case 'copy':
        return fill('copy', 0)
      case 'copy-wp':
        return fill('copy', 2)
      case 'zeropage':
        return fill('zeropage', 0)
      case 'continue':
        return fill('continue', 0)
      case 'continue-wp':
        return fill('continue', 2)
      case 'poison':
        return fill('poison', 0)
      case 'unprotect':
        return calls.writeProtect(mm, context, start, length, 0)
      default:
        return 0
    }
  }
}

function kindOf({ message }: UffdFaultMessage): 'missing' | 'wp' | 'minor' {
  return message.flags & 2 ? 'wp' : message.flags & 4 ? 'minor' : 'missing'
}

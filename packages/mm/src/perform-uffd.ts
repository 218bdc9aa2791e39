/**
 * Operations on userfaultfds.
 * @module
 */
import { EAGAIN, EBADF, EINVAL, ESRCH, UFFD_API, type UffdMessage } from '@faultline/mm-types'
import type { Operation, Outcome } from '@faultline/program'
import type { NamedUffd } from './bindings.ts'
import type { ComposedKernel, Laboratory } from './laboratory.ts'
import { callOutcome, toMessage } from './outcomes.ts'
import { refusesFeatures, refusesUserfaultfd } from './uffd-permission.ts'

/** @returns the outcome, or undefined when the operation is none of these */
export function performUffd(session: Laboratory, op: Operation): Outcome | undefined {
  const { bindings, composed } = session
  const calls = composed.uffd
  // First what a monitor does for each page.
  switch (op.op) {
    case 'receive':
      return receive(session, op.uffd, op.child)
    case 'writeprotect':
      return protect(composed, bindings.uffd(op.uffd), bindings.address(op.range.at), bindings.length(op.range), op.mode)
    case 'userfaultfd': {
      const errno = refusesUserfaultfd(composed.kernel, op.flags, op.device ?? false)
      if (errno) return { errno }
      bindings.uffds.set(op.uffd, { context: calls.open((op.flags & 1) !== 0), mm: session.mm(op), monitor: null, kept: [] })
      return { errno: 0 }
    }
    case 'api': {
      const { context, mm } = bindings.uffd(op.uffd)
      const errno = op.version === UFFD_API ? refusesFeatures(composed.kernel, op.features) : 0
      if (errno) return { errno }
      const result = calls.api(context, mm, op.version, op.features)
      return result < 0 ? { errno: -result } : { errno: 0, features: result }
    }
    case 'register': {
      const { context, mm } = bindings.uffd(op.uffd)
      const result = calls.register(mm, context, bindings.address(op.range.at), bindings.length(op.range), op.mode)
      return result < 0 ? { errno: -result } : { errno: 0, result }
    }
    case 'unregister': {
      const { context, mm } = bindings.uffd(op.uffd)
      return callOutcome(calls.unregister(mm, context, bindings.address(op.range.at), bindings.length(op.range)))
    }
    case 'copy':
    case 'zeropage':
    case 'continue':
    case 'poison': {
      const { context, mm } = bindings.uffd(op.uffd)
      const { errno, result } = calls.fill(mm, context, {
        kind: op.op,
        start: bindings.address(op.range.at),
        length: bindings.length(op.range),
        mode: op.mode,
        stamp: op.op === 'copy' ? op.value : 0,
      })
      return { errno: -errno, result }
    }
    case 'move': {
      const { context, mm } = bindings.uffd(op.uffd)
      // Only the process itself may ask for it, and it has ended.
      if (!mm.alive) return { errno: ESRCH }
      const { errno, result } = calls.move(mm, context, {
        start: bindings.address(op.range.at),
        from: bindings.address(op.from),
        length: bindings.length(op.range),
        mode: op.mode,
      })
      return { errno: -errno, result }
    }
    case 'wake': {
      const { context } = bindings.uffd(op.uffd)
      return callOutcome(calls.wake(context, bindings.address(op.range.at), bindings.length(op.range)))
    }
    case 'close': {
      const { context, kept } = bindings.uffd(op.uffd)
      calls.close(
        composed.kernel.mms.filter((mm) => mm.alive),
        context,
      )
      kept.length = 0
      return { errno: 0 }
    }
    case 'monitor':
      bindings.uffd(op.uffd).monitor = op
      return { errno: 0 }
    default:
      return undefined
  }
}

/** UFFDIO_WRITEPROTECT of bytes [start, start + length). */
export function protect({ uffd: calls }: ComposedKernel, { context, mm }: NamedUffd, start: number, length: number, mode: number): Outcome {
  return callOutcome(calls.writeProtect(mm, context, start, length, mode))
}

/** The message that has waited longest; undefined when there is none, or before the handshake. */
export function takeMessage({ uffd: calls }: ComposedKernel, { context, kept }: NamedUffd): UffdMessage | undefined {
  if (context.features < 0) return undefined
  if (kept.length === 0) return calls.read(context)
  // What a woken thread has sent is void.
  while (kept[0]?.isWoken) kept.shift()
  return kept.shift()?.message ?? calls.read(context)
}

function receive(session: Laboratory, name: string, child: string | undefined): Outcome {
  const uffd = session.bindings.uffd(name)
  if (uffd.context.features < 0) return { errno: EINVAL }
  const message = takeMessage(session.composed, uffd)
  if (message === undefined) return { errno: EAGAIN }
  if (message.child !== null && child !== undefined) {
    const owner = [...session.bindings.processes.values()].find((mm) => mm.vmas.all().some((vma) => vma.uffd === message.child))
    if (owner === undefined) return { errno: EBADF }
    session.bindings.uffds.set(child, { context: message.child, mm: owner, monitor: null, kept: [] })
  }
  return { errno: 0, messages: [toMessage(message)] }
}

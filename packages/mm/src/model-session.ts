/**
 * A session on the model: performs operations one by one and says what each did.
 * @module
 */
import { type Counters, FAULT_ACCESS, FAULT_DONE, FAULT_OOM, FAULT_SIGSEGV, type UffdCalls } from '@faultline/mm-types'
import { countSteps, LimitError } from '@faultline/pagetable-core'
import {
  ACCESS_BLOCKED,
  ACCESS_DONE,
  ACCESS_SIGBUS,
  ACCESS_SIGSEGV,
  ACCESS_STUCK,
  type AccessBatch,
  ExpressionError,
  type Message,
  type Operation,
  type Outcome,
  type SyncSession,
  type VmaCount,
} from '@faultline/program'
import { access } from './access.ts'
import { accessMany, type Stop } from './access-many.ts'
import { ACCESS_LIVELOCK, ACCESS_WAITS, type AccessRequest } from './access-request.ts'
import { Bindings, type NamedUffd } from './bindings.ts'
import { Blocked } from './blocked.ts'
import { exitMm } from './calls/mmap.ts'
import type { ComposedKernel, Laboratory } from './laboratory.ts'
import type { Names } from './names.ts'
import type { AddressSpace } from './objects.ts'
import { SUCCESS, toMessage } from './outcomes.ts'
import { performMemory } from './perform-memory.ts'
import { performUffd, protect, takeMessage } from './perform-uffd.ts'

/** One laboratory: a kernel, and names for what the program made on it. */
export class ModelSession implements SyncSession, Laboratory {
  readonly system: string
  readonly composed: ComposedKernel
  readonly bindings = new Bindings()
  readonly blocked: Blocked
  private readonly processes: Names<AddressSpace>
  private readonly uffds: Names<NamedUffd>
  private readonly calls: UffdCalls
  private readonly totals: Counters
  private readonly request: AccessRequest = { cpu: 0, thread: 'main', user: true, stays: false, byte: 0, stamp: 0 }
  private readonly stop: Stop = { at: 0, code: ACCESS_DONE }

  constructor(system: string, composed: ComposedKernel) {
    this.system = system
    this.composed = composed
    this.blocked = new Blocked(composed, this.bindings)
    this.processes = this.bindings.processes
    this.uffds = this.bindings.uffds
    this.calls = composed.uffd
    this.totals = composed.kernel.machine.counters
    this.processes.set('main', composed.kernel.newMm())
  }

  /** The address space of the process that an operation names. */
  mm(operation: { readonly process?: string }): AddressSpace {
    return this.processes.get(operation.process ?? 'main')
  }

  /** Performs one operation and answers what it did. @throws LimitError when the machine is too small and Linux has no answer for that */
  perform(operation: Operation): Outcome {
    this.begin()
    const outcome = performUffd(this, operation) ?? performMemory(this, operation)
    if (outcome === undefined) {
      throw new ExpressionError(this.system, 'model', `the operation '${operation.op}'`, 'leave it out, or run the program on a kernel')
    }
    return this.end(outcome, this.mm(operation))
  }

  writeprotect(uffd: string, vpn: number, pages: number, mode: number): Outcome {
    this.begin()
    const named = this.uffds.get(uffd)
    if (pages === 1 && mode === 0 && this.calls.unprotectPage(named.mm, named.context, vpn)) return this.end(SUCCESS, named.mm)
    return this.end(protect(this.composed, named, vpn * 4096, pages * 4096, mode), named.mm)
  }

  receive(uffd: string): Message | undefined {
    this.begin()
    const named = this.bindings.uffd(uffd)
    const message = takeMessage(this.composed, named)
    this.end(SUCCESS, named.mm)
    return message === undefined ? undefined : toMessage(message)
  }

  private begin(): void {
    this.totals.calls++
    this.blocked.next()
  }

  /** Lets those go on whom a call woke, and tells in its outcome who has ended. */
  private end(outcome: Outcome, mm: AddressSpace): Outcome {
    const finished = this.blocked.resume()
    mm.vmas.notePeak()
    return finished.length > 0 ? { ...outcome, finished } : outcome
  }

  access(process: string, vpn: number, write: boolean, stamp: number): number {
    const request = this.request
    request.stamp = stamp
    return this.answer(access(this.processes.get(process), vpn, write, request))
  }

  accessMany(process: string, batch: AccessBatch, from: number, to: number): number {
    const { stop } = this
    if (accessMany(this.processes.get(process), batch, from, to, this.request, stop)) return to
    stop.code = this.answer(stop.code)
    return stop.at
  }

  get stopped(): number {
    return this.stop.code
  }

  /** What became of an access, in the words of `program`. */
  private answer(code: number): number {
    if (code === FAULT_DONE) return ACCESS_DONE
    if (code === ACCESS_WAITS) return ACCESS_BLOCKED
    if (code === ACCESS_LIVELOCK) return ACCESS_STUCK
    if (code === FAULT_OOM) throw new LimitError(this.composed.kernel.machine.refusal)
    this.composed.kernel.machine.counters.signals++
    return code === FAULT_SIGSEGV || code === FAULT_ACCESS ? ACCESS_SIGSEGV : ACCESS_SIGBUS
  }

  get loaded(): number {
    return this.request.stamp
  }

  counters(): Readonly<Record<string, number>> {
    const counters = this.composed.kernel.machine.counters
    return { ...counters, steps: countSteps(counters) }
  }

  tableBytes(process: string): number {
    return this.processes.get(process).tableBytes()
  }

  vmas(process: string): VmaCount {
    const { size, peak } = this.processes.get(process).vmas
    return { now: size, peak }
  }

  close(): void {
    const { kernel } = this.composed
    for (const mm of kernel.mms) exitMm(mm)
    kernel.release()
  }
}

/**
 * Accesses and calls that wait for a monitor, and what becomes of them.
 * @module
 */
import { FAULT_DONE, FAULT_OOM, type UffdCalls, type UffdContext, type UffdEvent } from '@faultline/mm-types'
import { LimitError } from '@faultline/pagetable-core'
import type { Message, Outcome } from '@faultline/program'
import { access, retryStore } from './access.ts'
import { ACCESS_WAITS, type AccessRequest } from './access-request.ts'
import type { Bindings } from './bindings.ts'
import type { Call, Waiting } from './calls/call.ts'
import { type Actor, type ComposedKernel, threadOf, type Waiters } from './laboratory.ts'
import { type FaultingThread, Monitors } from './monitors.ts'
import type { AddressSpace } from './objects.ts'
import { callOutcome, SUCCESS, signalOutcome } from './outcomes.ts'

/** Answers a monitor gives to one access or call before it gives up, as the recorder of the matrix does. */
const MOST_ANSWERS = 6

const NOTHING = (): void => {}

/** Where a thread waits in a fault. */
interface FaultWait extends FaultingThread {
  readonly context: UffdContext
}

/** What something waits for, or its outcome, which has not been told yet. */
type State = Outcome | UffdEvent | FaultWait

/** A thread that waited and has ended. */
interface Finished {
  readonly thread: string
  readonly outcome: Outcome
}

const NOBODY: readonly Finished[] = []

/** An access or a call that waits, or has waited. */
interface Task {
  readonly thread: string
  /** Undoes what it has made: it was ended while it waited. */
  readonly killed: () => void
  /** Goes on until it ends or waits again. */
  readonly go: () => State
  state: State
  /** It has run since it was last looked at. */
  hasRun: boolean
  /** Operation during which monitors last answered it. */
  turn: number
}

/**
 * The waiting threads of a session, and the CPU they all run on: whoever is woken runs, in the order in which the kernel woke
 * them, each until it ends or waits again, before anything else happens.
 */
export class Blocked implements Waiters {
  private readonly composed: ComposedKernel
  private readonly uffd: UffdCalls
  private readonly monitors: Monitors
  /** Those that wait, in the order in which they began. */
  private tasks: Task[] = []
  private turn = 0
  /** The access that is being performed. */
  private readonly request: AccessRequest = { cpu: 0, thread: '', user: true, stays: true, byte: 0, stamp: 0 }

  constructor(composed: ComposedKernel, bindings: Bindings) {
    this.composed = composed
    this.uffd = composed.uffd
    this.monitors = new Monitors(composed, bindings)
  }

  // What does not wait, while nothing waits, is answered without making a task of it.
  attempt(mm: AddressSpace, thread: string, address: number, write: boolean, stamp: number): Outcome {
    const vpn = Math.floor(address / 4096)
    const { request } = this
    request.thread = thread
    request.byte = address - vpn * 4096
    request.stamp = stamp
    const code = access(mm, vpn, write, request)
    if (code === FAULT_DONE && this.tasks.length === 0) return write ? SUCCESS : { errno: 0, value: request.stamp }
    const own = { ...request }
    return this.begin(this.accessState(code, write, own), thread, () => {
      if (write) retryStore(mm, vpn)
      return this.accessState(access(mm, vpn, write, own), write, own)
    })
  }

  private accessState(code: number, write: boolean, { thread, stamp }: AccessRequest): Outcome | FaultWait {
    if (code === ACCESS_WAITS) return this.faultWait(thread)
    if (code === FAULT_DONE) return write ? SUCCESS : { errno: 0, value: stamp }
    const { kernel } = this.composed
    if (code === FAULT_OOM) throw new LimitError(kernel.machine.refusal)
    const outcome = signalOutcome(code, kernel.design.memoryFailure)
    if (outcome.signal !== undefined) kernel.machine.counters.signals++
    return outcome
  }

  /** Runs a call to its end, or until it waits for what no monitor reads. */
  drive(actor: Actor, call: Call, outcome: (result: number) => Outcome = callOutcome, killed = NOTHING): Outcome {
    const first = call.next()
    if (first.done && this.tasks.length === 0) return outcome(first.value)
    const thread = threadOf(actor)
    const stateAfter = (step: IteratorResult<Waiting, number>) => {
      if (step.done) return outcome(step.value)
      return step.value === 'fault' ? this.faultWait(thread) : step.value
    }
    return this.begin(stateAfter(first), thread, () => stateAfter(call.next()), killed)
  }

  private begin(state: State, thread: string, go: Task['go'], killed = NOTHING): Outcome {
    if ('errno' in state && this.tasks.length === 0) return state
    const task: Task = { thread, go, killed, state, hasRun: true, turn: this.turn - 1 }
    this.tasks.push(task)
    this.runWoken()
    return this.settle(task)
  }

  /** The fault that was just handed to a userfaultfd. */
  private faultWait(thread: string): FaultWait {
    const { mm, vma } = this.composed.kernel.fault
    return { thread, mm: mm as AddressSpace, pageShift: vma.pageShift, context: vma.uffd as UffdContext }
  }

  /** Runs whoever was woken, and whoever these wake. */
  private runWoken(): void {
    for (let woken = this.composed.uffd.takeWoken(); woken.length > 0; woken = this.composed.uffd.takeWoken()) {
      for (const who of woken) {
        const task = this.tasks.find(({ thread, state }) => (typeof who === 'string' ? 'thread' in state && thread === who : state === who))
        if (task === undefined) continue
        task.state = task.go()
        task.hasRun = true
      }
    }
  }

  /** Follows a task to its end, monitors answering on the way, once in an operation: answers that do not help would go on for ever. */
  private settle(task: Task): Outcome {
    const messages: Message[] = []
    let answers = task.turn === this.turn ? MOST_ANSWERS : 0
    task.turn = this.turn
    while (!('errno' in task.state)) {
      const message =
        'thread' in task.state ? (answers++ < MOST_ANSWERS ? this.monitors.answer(task.state) : undefined) : this.monitors.readEvent()
      if (message === undefined) break
      messages.push(message)
      this.runWoken()
    }
    task.hasRun = false
    const outcome = 'errno' in task.state ? task.state : { errno: 0, blocked: true }
    if ('errno' in task.state) this.tasks.splice(this.tasks.indexOf(task), 1)
    return messages.length > 0 ? { ...outcome, messages } : outcome
  }

  /** Begins an operation. */
  next(): void {
    this.turn++
  }

  /** Lets go on whoever was woken, and whoever these wake, until all that are left wait. @returns those that have ended */
  resume(): readonly Finished[] {
    if (this.uffd.hasWoken) this.runWoken()
    return this.tasks.length === 0 ? NOBODY : this.resumeTasks()
  }

  private resumeTasks(): readonly Finished[] {
    const finished: Finished[] = []
    for (let any = true; any; ) {
      while (this.monitors.readEvent() !== undefined) this.runWoken()
      any = false
      for (const task of [...this.tasks]) {
        if (!task.hasRun) continue
        any = true
        const outcome = this.settle(task)
        if (!this.tasks.includes(task)) finished.push({ thread: task.thread, outcome })
      }
    }
    return finished
  }

  /** Ends the waiting threads of a process. */
  end(process: string): void {
    const ended = this.tasks.filter(({ thread }) => thread.startsWith(`${process}.`))
    this.tasks = this.tasks.filter((task) => !ended.includes(task))
    for (const task of ended) {
      // A call that waits for an event to be read is told that it is, and does what is left to do. One that waits in a fault does not.
      while (!('errno' in task.state) && !('thread' in task.state)) {
        this.composed.uffd.forgetEvent(task.state)
        task.state = task.go()
      }
      if ('thread' in task.state) this.composed.uffd.forgetWaiter(task.state.context, task.thread)
      task.killed()
    }
  }
}

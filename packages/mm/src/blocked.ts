/**
 * Accesses and calls that wait for a monitor, and what becomes of them.
 * @module
 */
import { FAULT_DONE, type UffdContext, type UffdEvent } from '@faultline/mm-types'
import type { Message, Outcome } from '@faultline/program'
import { access, retryStore } from './access.ts'
import { ACCESS_WAITS, type AccessRequest } from './access-request.ts'
import type { Bindings } from './bindings.ts'
import type { Call } from './calls/call.ts'
import { type Actor, type ComposedKernel, type PendingAccess, threadOf, type Waiters } from './laboratory.ts'
import { type FaultingThread, Monitors } from './monitors.ts'
import type { AddressSpace } from './objects.ts'
import { callOutcome, signalOutcome } from './outcomes.ts'

/** Answers a monitor gives to one access or call before it gives up, as the recorder of the matrix does. */
const MOST_ANSWERS = 6

const NOTHING = (): void => {}

/** Where a thread waits in a fault. */
interface FaultWait extends FaultingThread {
  readonly context: UffdContext
}

/** An access or a call that waits, or has waited. */
interface Task {
  readonly thread: string
  /** Undoes what it has made: it was ended while it waited. */
  readonly killed: () => void
  /** Goes on until it ends or waits again. @returns its outcome, or what it waits for */
  readonly go: () => Outcome | UffdEvent | FaultWait
  /** What it waits for, or its outcome, which has not been told yet. */
  state: Outcome | UffdEvent | FaultWait
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
  private readonly monitors: Monitors
  /** Those that wait, in the order in which they began. */
  private tasks: Task[] = []
  private turn = 0

  constructor(composed: ComposedKernel, bindings: Bindings) {
    this.composed = composed
    this.monitors = new Monitors(composed, bindings)
  }

  /** Performs an access; a monitor answers what it sends, else the thread is left waiting. */
  attempt(pending: PendingAccess): Outcome {
    const request: AccessRequest = { cpu: 0, thread: pending.thread, user: true, byte: pending.byte, stamp: pending.stamp }
    let waited = false
    return this.begin(pending.thread, () => {
      if (waited && pending.write) retryStore(pending.mm, pending.vpn)
      const code = access(pending.mm, pending.vpn, pending.write, request)
      waited = code === ACCESS_WAITS
      if (code === ACCESS_WAITS) return this.faultWait(pending.thread)
      if (code !== FAULT_DONE) {
        const outcome = signalOutcome(code, this.composed.kernel.design.memoryFailure)
        if (outcome.signal !== undefined) this.composed.kernel.machine.counters.signals++
        return outcome
      }
      return pending.write ? { errno: 0 } : { errno: 0, value: request.stamp }
    })
  }

  /** Runs a call to its end, or until it waits for what no monitor reads. */
  drive(actor: Actor, call: Call, outcome: (result: number) => Outcome = callOutcome, killed = NOTHING): Outcome {
    const thread = threadOf(actor)
    const go = () => {
      const step = call.next()
      if (step.done) return outcome(step.value)
      return step.value === 'fault' ? this.faultWait(thread) : step.value
    }
    return this.begin(thread, go, killed)
  }

  private begin(thread: string, go: Task['go'], killed = NOTHING): Outcome {
    const state = go()
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
  resume(): { thread: string; outcome: Outcome }[] {
    const finished: { thread: string; outcome: Outcome }[] = []
    this.runWoken()
    for (let any = this.tasks.length > 0; any; ) {
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
      if ('thread' in task.state) this.composed.uffd.forgetWaiter(task.state.context, task.thread, false)
      task.killed()
    }
  }
}

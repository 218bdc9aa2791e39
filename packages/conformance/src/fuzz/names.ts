/**
 * Keeps programs well-formed: an operation is performed only when what it names is there and its thread is free.
 *
 * The rule is applied while a program runs, so whatever is taken out of a program, the rest of it can be run.
 * @module
 */
import type { Operation, Outcome } from '@faultline/program'

/** A mapping that exists, or did: its size in pages of its own, and whether those are huge. */
export interface KnownRegion {
  readonly pages: number
  readonly hugetlb: boolean
}

/** Threads tried, one after the other, for an operation whose own thread waits. */
const SPARE_THREADS = ['main', 't1', 't2', 't3'] as const

/** What a running program has made. */
export class Names {
  readonly regions = new Map<string, KnownRegion>()
  readonly processes = new Set<string>(['main'])
  readonly uffds = new Set<string>()
  private readonly files = new Map<string, boolean>()
  private readonly ended = new Set<string>()
  /** Threads that wait, and the operation each of them will have performed. */
  private readonly waiting = new Map<string, Operation>()

  /** The operation as it can be performed now, perhaps by a thread that does not wait; undefined when it cannot. */
  admit(operation: Operation): Operation | undefined {
    const process = operation.process ?? 'main'
    if (!this.processes.has(process) || !this.knows(operation)) return undefined
    if (operation.op === 'exit' && process === 'main') return undefined
    const own = operation.thread ?? 'main'
    const thread = [own, ...SPARE_THREADS].find((each) => !this.waiting.has(`${process}.${each}`))
    if (thread === undefined) return undefined
    return thread === own ? operation : { ...operation, thread }
  }

  /** Learns what an operation has made. */
  note(operation: Operation, outcome: Outcome): void {
    if (outcome.blocked) this.waiting.set(threadName(operation), operation)
    else this.made(operation, outcome)
    for (const { thread, outcome: end } of outcome.finished ?? []) {
      const begun = this.waiting.get(thread)
      this.waiting.delete(thread)
      if (begun !== undefined) this.made(begun, end)
    }
  }

  private knows(operation: Operation): boolean {
    const { regions, files } = this
    if ('range' in operation && !regions.has(operation.range.at.region)) return false
    if ('uffd' in operation && operation.op !== 'userfaultfd' && !this.uffds.has(operation.uffd)) return false
    switch (operation.op) {
      case 'mmap':
        if (regions.has(operation.region) || (operation.at !== undefined && !regions.has(operation.at.region))) return false
        return operation.file === undefined || files.get(operation.file) === operation.memory.startsWith('hugetlb')
      case 'mremap':
        return !regions.has(operation.region) && (operation.to === undefined || regions.has(operation.to.region))
      case 'read':
      case 'write':
        return regions.has(operation.at.region)
      case 'move':
        return regions.has(operation.from.region)
      case 'fallocate':
      case 'ftruncate':
        return files.has(operation.file)
      case 'fork':
        return !this.processes.has(operation.child) && !this.ended.has(operation.child)
      default:
        return true
    }
  }

  private made(operation: Operation, outcome: Outcome): void {
    if (outcome.errno !== 0) return
    switch (operation.op) {
      case 'file':
        this.files.set(operation.file, operation.hugeShift !== undefined)
        break
      case 'mmap':
        this.regions.set(operation.region, { pages: operation.pages, hugetlb: operation.memory.startsWith('hugetlb') })
        break
      case 'mremap':
        this.regions.set(operation.region, {
          pages: operation.newPages,
          hugetlb: this.regions.get(operation.range.at.region)?.hugetlb ?? false,
        })
        break
      case 'fork':
        this.processes.add(operation.child)
        break
      case 'userfaultfd':
        this.uffds.add(operation.uffd)
        break
      case 'receive':
        if (operation.child !== undefined && outcome.messages?.[0]?.event === 'fork') this.uffds.add(operation.child)
        break
      case 'close':
        this.uffds.delete(operation.uffd)
        break
      case 'exit':
        this.end(operation.process ?? 'main')
        break
    }
  }

  private end(process: string): void {
    this.processes.delete(process)
    this.ended.add(process)
    for (const thread of [...this.waiting.keys()]) if (thread.startsWith(`${process}.`)) this.waiting.delete(thread)
  }
}

/** Name of the thread that performs an operation, as in `Outcome.finished`. */
function threadName(operation: Operation): string {
  return `${operation.process ?? 'main'}.${operation.thread ?? 'main'}`
}

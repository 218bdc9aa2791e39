/**
 * Counts what random programs have reached: which operation met which state of a page of which memory.
 * @module
 */
import {
  formatPageState,
  MEMORY_TYPES,
  type Memory,
  type Operation,
  type Outcome,
  type Place,
  place,
  range,
  type Session,
  STATE_EXCLUSIVE,
} from '@faultline/program'
import { detail } from './differences.ts'
import type { Names } from './names.ts'
import type { Watcher } from './runs.ts'

/** How often an operation met a state of a page of a memory type. */
export class Coverage implements Watcher {
  /** By `operation`, then `memory state`. */
  readonly met = new Map<string, Map<string, number>>()
  /** How often an operation ended in a way: `ok`, an errno, a signal, `blocked`. */
  readonly endings = new Map<string, Map<string, number>>()
  private readonly memories = new Map<string, Memory>()
  private program: Names | null = null

  /** Notes what the operation is about to meet: the state of the page it names. */
  before(session: Session, names: Names, operation: Operation): void {
    if (this.program !== names) {
      this.program = names
      this.memories.clear()
    }
    if (operation.op === 'mmap') this.memories.set(operation.region, operation.memory)
    if (operation.op === 'mremap') this.memories.set(operation.region, this.memories.get(operation.range.at.region) ?? 'anon')
    const at = placeOf(operation)
    if (at === undefined || !names.regions.has(at.region)) return
    const seen = session.perform({
      op: 'pagemap',
      range: range(at.region, at.page, 1),
      ...(operation.process ? { process: operation.process } : {}),
    })
    if (seen instanceof Promise || seen.pages === undefined) return
    // Whether a page is mapped once matters less than it multiplies.
    const state = formatPageState(seen.pages[0]! & ~STATE_EXCLUSIVE)
    count(this.met, detail(operation), `${this.memories.get(at.region)} ${state}`)
  }

  /** Notes how the operation ended. */
  after(operation: Operation, outcome: Outcome): void {
    count(
      this.endings,
      detail(operation),
      outcome.signal ??
        (outcome.livelock ? 'livelock' : outcome.blocked ? 'blocked' : outcome.errno === 0 ? 'ok' : `errno ${outcome.errno}`),
    )
  }

  /** Pairs of operation and memory that were never reached, and those of operation, memory and state: reached and possible. */
  summary(memories: readonly Memory[] = MEMORY_TYPES): {
    readonly reached: number
    readonly possible: number
    readonly never: readonly string[]
  } {
    const states = new Set<string>()
    for (const row of this.met.values()) for (const key of row.keys()) states.add(key)
    const never: string[] = []
    let reached = 0
    for (const [operation, row] of this.met) {
      reached += row.size
      for (const memory of memories) {
        if (![...row.keys()].some((key) => key.startsWith(`${memory} `))) never.push(`${operation} on ${memory}`)
        else for (const state of states) if (state.startsWith(`${memory} `) && !row.has(state)) never.push(`${operation} on ${state}`)
      }
    }
    return { reached, possible: states.size * this.met.size, never }
  }
}

/** The first place an operation acts on. */
function placeOf(operation: Operation): Place | undefined {
  if ('range' in operation) return place(operation.range.at.region, operation.range.at.page)
  if (operation.op === 'read' || operation.op === 'write') return place(operation.at.region, operation.at.page)
  return undefined
}

function count(table: Map<string, Map<string, number>>, row: string, column: string): void {
  let counts = table.get(row)
  if (counts === undefined) table.set(row, (counts = new Map()))
  counts.set(column, (counts.get(column) ?? 0) + 1)
}

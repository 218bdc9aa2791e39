/**
 * A trace played on a session with nobody watching: the cost of the program itself.
 * @module
 */
import type { Memory, SyncSession } from '@faultline/program'
import { unitOf } from './calls.ts'
import type { LayoutListener } from './layout.ts'
import { Replayer } from './replayer.ts'
import { PageShadow } from './shadow.ts'
import type { Pgtrace } from './trace/pgtrace.ts'
import { createTraceLayout, inheritedRanges } from './trace-layout.ts'

/** What a plain replay came to. */
export interface PlainReplay {
  /** Loads and stores of pages that the trace asks for. */
  readonly accesses: number
  /** Loads that saw something else than the last store: 0 in every sane system. */
  readonly corrupted: number
  /** Accesses that could not be done. */
  readonly stuck: number
}

/** Plays a whole trace, every mapping of it made of `memory`; each load is held against the last store. */
export function replayPgtrace(session: SyncSession, trace: Pgtrace, memory: Memory): PlainReplay {
  const shadow = new PageShadow(unitOf(memory))
  const listener: LayoutListener = {
    mapped: (start, pages) => shadow.clear(start, pages),
    unmapped: (start, pages) => shadow.clear(start, pages),
    discarded: (start, pages) => shadow.clear(start, pages),
    dropped: () => {},
    moved: (from, pages, to) => shadow.move(from, pages, to),
    reprotected: () => {},
    forked: () => {},
  }
  const layout = createTraceLayout(session, memory, listener)
  const replayer = new Replayer(trace, session, layout, shadow, { answer: () => {} })
  layout.inherit(inheritedRanges(trace))
  replayer.run(0, trace.length)
  return { accesses: trace.pageAccesses, corrupted: replayer.corrupted, stuck: replayer.stuck }
}

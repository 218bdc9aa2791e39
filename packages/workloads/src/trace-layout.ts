/**
 * The address space of a recorded program, made anew of one memory type.
 * @module
 */
import type { Memory, SyncSession } from '@faultline/program'
import { unitOf } from './calls.ts'
import { HugetlbLayout } from './hugetlb-layout.ts'
import type { LayoutListener, TraceLayout } from './layout.ts'
import { PageChunks } from './page-chunks.ts'
import type { PageRange } from './range-set.ts'
import { SmallPageLayout } from './small-page-layout.ts'
import { PGT_EVENT, type Pgtrace, type PgtraceEvent } from './trace/pgtrace.ts'

/**
 * A layout in which every mapping of the trace, whatever it was, becomes `memory`.
 *
 * - anon: private anonymous memory.
 * - shmem, shmem-private: one file a mapping, of its length; the brk heap is one file that grows with it.
 * - hugetlb, hugetlb-private: each 2 MiB block that any mapping covers is mapped, readable and writable, until none does.
 */
export function createTraceLayout(session: SyncSession, memory: Memory, listener: LayoutListener): TraceLayout {
  return unitOf(memory) === 1 ? new SmallPageLayout(session, memory, listener) : new HugetlbLayout(session, memory, listener)
}

// What a module imports is a variable to V8.
const EVENT = PGT_EVENT
const MET_MASK = 0x1fff

/** Holes up to this many pages between inherited pages become part of one mapping. */
const INHERITED_GAP = 16

/**
 * Pages a trace accesses that no event mapped: those of a child are its parent's.
 */
export function inheritedRanges(trace: Pgtrace): PageRange[] {
  const mapped = new PageChunks(() => new Uint8Array(4096))
  const found: number[] = []
  const { ops, pages, runs, events } = trace
  const met = new Int32Array(MET_MASK + 1).fill(-1)
  for (let i = 0; i < trace.length; i++) {
    const first = pages[i]
    const isEvent = ops[i] === EVENT
    // Nearly all pages have been met before.
    if (met[first & MET_MASK] === first && runs[i] === 0 && !isEvent) continue
    if (isEvent) {
      markMappings(mapped, events[first])
      continue
    }
    for (let vpn = first, last = first + runs[i]; vpn <= last; vpn++) {
      met[vpn & MET_MASK] = vpn
      const chunk = mapped.at(vpn)
      if (chunk[vpn & 0xfff] !== 0) continue
      found.push(vpn)
      chunk[vpn & 0xfff] = 1
    }
  }
  return joinPages(Float64Array.from(found).sort())
}

function joinPages(sorted: Float64Array): PageRange[] {
  const ranges: { start: number; end: number }[] = []
  for (const vpn of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && vpn - last.end <= INHERITED_GAP) last.end = vpn + 1
    else ranges.push({ start: vpn, end: vpn + 1 })
  }
  return ranges
}

function markMappings(mapped: PageChunks<Uint8Array>, event: PgtraceEvent): void {
  // Pages once mapped stay marked when they are unmapped: an access to them is no proof of another mapping.
  const mark = (start: number, pages: number) => {
    for (let vpn = start, end = start + pages; vpn < end; vpn++) mapped.at(vpn)[vpn & 0xfff] = 1
  }
  if (event.kind === 'mmap' || event.kind === 'initial') mark(event.start, event.nrPages)
  else if (event.kind === 'brk' && event.oldEnd !== 0) mark(event.oldEnd, event.newEnd - event.oldEnd)
  else if (event.kind === 'mremap') mark(event.newStart, event.newNrPages)
}

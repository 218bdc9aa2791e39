import { MADV_DONTNEED } from '@faultline/mm-types'
import { type Memory, range, type SyncSession } from '@faultline/program'
import { isShared, must } from './calls.ts'
import type { LayoutListener, TraceLayout } from './layout.ts'
import { type PageRange, RangeSet } from './range-set.ts'
import type { PgtraceEvent } from './trace/pgtrace.ts'

const BLOCK = 512

/**
 * Maps each 2 MiB block that a mapping of the trace covers, readable and writable, until no mapping covers it.
 *
 * Small mappings that come and go inside a block leave it as it is, its content included; mprotect does nothing, and
 * mremap moves no content.
 */
export class HugetlbLayout implements TraceLayout {
  readonly #session: SyncSession
  readonly #memory: Memory
  readonly #listener: LayoutListener
  /** 4 KiB pages that mappings of the trace cover. */
  readonly #covered = new RangeSet()
  /** Covered pages in each block that is mapped, by block number. */
  readonly #blocks = new Map<number, number>()
  /** File and its page 0, in blocks, that a block was mapped from. */
  readonly #files = new Map<number, { readonly name: string; readonly first: number }>()
  #names = 0

  constructor(session: SyncSession, memory: Memory, listener: LayoutListener) {
    this.#session = session
    this.#memory = memory
    this.#listener = listener
  }

  apply(event: PgtraceEvent): void {
    switch (event.kind) {
      case 'initial':
      case 'mmap':
        this.#cover(event.start, event.start + event.nrPages)
        break
      case 'munmap':
        this.#uncover(event.start, event.start + event.nrPages)
        break
      case 'brk':
        if (event.oldEnd === 0) break
        if (event.newEnd > event.oldEnd) this.#cover(event.oldEnd, event.newEnd)
        else this.#uncover(event.newEnd, event.oldEnd)
        break
      case 'madvise':
        if (event.advice === MADV_DONTNEED) this.#dontNeed(event.start, event.start + event.nrPages)
        break
      case 'mremap':
        this.#cover(event.newStart, event.newStart + event.newNrPages)
        for (const { start, end } of outside(event.start, event.start + event.nrPages, event.newStart, event.newStart + event.newNrPages)) {
          this.#uncover(start, end)
        }
        break
      case 'fork':
        must(this.#session, { op: 'fork', child: `child${event.index}` })
        this.#listener.forked(`child${event.index}`)
        break
      default:
    }
  }

  inherit(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) this.#cover(start, end)
  }

  admit(vpn: number): void {
    this.#cover(vpn, vpn + 1)
  }

  #cover(start: number, end: number): void {
    const fresh: number[] = []
    for (const part of this.#covered.missing(start, end)) {
      for (let block = blockOf(part.start); block * BLOCK < part.end; block++) {
        const pages = Math.min(part.end, (block + 1) * BLOCK) - Math.max(part.start, block * BLOCK)
        const before = this.#blocks.get(block)
        if (before === undefined) fresh.push(block)
        this.#blocks.set(block, (before ?? 0) + pages)
      }
    }
    this.#covered.add(start, end)
    for (const run of runsOf(fresh)) this.#map(run.start, run.end)
  }

  #uncover(start: number, end: number): void {
    const empty: number[] = []
    for (const part of this.#covered.within(start, end)) {
      for (let block = blockOf(part.start); block * BLOCK < part.end; block++) {
        const pages = Math.min(part.end, (block + 1) * BLOCK) - Math.max(part.start, block * BLOCK)
        const left = (this.#blocks.get(block) ?? 0) - pages
        if (left > 0) this.#blocks.set(block, left)
        else {
          this.#blocks.delete(block)
          empty.push(block)
        }
      }
    }
    this.#covered.remove(start, end)
    for (const run of runsOf(empty)) this.#unmap(run.start, run.end)
  }

  #map(first: number, end: number): void {
    const name = `huge${++this.#names}`
    const pages = end - first
    must(this.#session, { op: 'file', file: name, pages, hugeShift: 21 })
    const vpn = first * BLOCK
    must(this.#session, { op: 'mmap', region: `map${this.#names}`, pages, memory: this.#memory, file: name, pgoff: 0, prot: 'rw', vpn })
    for (let block = first; block < end; block++) this.#files.set(block, { name, first })
    this.#listener.mapped(vpn, pages * BLOCK, true)
  }

  #unmap(first: number, end: number): void {
    must(this.#session, { op: 'munmap', range: range('@', first * BLOCK, (end - first) * BLOCK) })
    for (let block = first; block < end; block++) {
      const file = this.#files.get(block)
      if (file === undefined) continue
      must(this.#session, { op: 'fallocate', file: file.name, page: block - file.first, pages: 1, punch: true })
      this.#files.delete(block)
    }
    this.#listener.unmapped(first * BLOCK, (end - first) * BLOCK)
  }

  /** Only blocks that lie wholly in the range can be dropped. */
  #dontNeed(start: number, end: number): void {
    const whole: number[] = []
    for (let block = Math.ceil(start / BLOCK); (block + 1) * BLOCK <= end; block++) if (this.#blocks.has(block)) whole.push(block)
    for (const run of runsOf(whole)) {
      const vpn = run.start * BLOCK
      const pages = (run.end - run.start) * BLOCK
      must(this.#session, { op: 'madvise', range: range('@', vpn, pages), advice: 'dontneed' })
      if (isShared(this.#memory)) this.#listener.dropped(vpn, pages)
      else this.#listener.discarded(vpn, pages)
    }
  }
}

function blockOf(vpn: number): number {
  return Math.floor(vpn / BLOCK)
}

/** Consecutive numbers of a sorted list as ranges. */
function runsOf(sorted: readonly number[]): PageRange[] {
  const runs: { start: number; end: number }[] = []
  for (const n of sorted) {
    const last = runs.at(-1)
    if (last !== undefined && last.end === n) last.end = n + 1
    else runs.push({ start: n, end: n + 1 })
  }
  return runs
}

/** The parts of [start, end) outside [from, to). */
function outside(start: number, end: number, from: number, to: number): PageRange[] {
  const parts = [
    { start, end: Math.min(end, from) },
    { start: Math.max(start, to), end },
  ]
  return from >= end || to <= start ? [{ start, end }] : parts.filter((part) => part.start < part.end)
}

import {
  MADV_COLLAPSE,
  MADV_DONTNEED,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_POPULATE_READ,
  MADV_REMOVE,
  MREMAP_DONTUNMAP,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '@faultline/mm-types'
import { type Advice, type Memory, place, range, type SyncSession } from '@faultline/program'
import { isShared, must } from './calls.ts'
import type { LayoutListener, TraceLayout } from './layout.ts'
import type { PageRange } from './range-set.ts'
import type { PgtraceEvent } from './trace/pgtrace.ts'

/** A file that grows and shrinks with what it backs. */
interface GrowingFile {
  readonly name: string
  pages: number
}

/** A stretch of one mapping with one set of rights. */
interface Piece {
  readonly start: number
  readonly end: number
  readonly prot: number
  /** `undefined` for anonymous memory. */
  readonly file: GrowingFile | undefined
  readonly pgoff: number
}

const HUGE_PAGES = 512
const READ_WRITE = PROT_READ | PROT_WRITE

/** Advice that is replayed as it was given; MADV_FREE and hints about reading ahead are not, as they change no content for certain. */
const PASSED_ADVICE: Readonly<Record<number, Advice>> = {
  [MADV_HUGEPAGE]: 'hugepage',
  [MADV_NOHUGEPAGE]: 'nohugepage',
  [MADV_COLLAPSE]: 'collapse',
  [MADV_POPULATE_READ]: 'populate_read',
}

/** Maps anonymous memory or shmem in 4 KiB pages. */
export class SmallPageLayout implements TraceLayout {
  readonly #session: SyncSession
  readonly #memory: Memory
  readonly #listener: LayoutListener
  /** In order of address. */
  #pieces: Piece[] = []
  #names = 0
  #heap: GrowingFile | undefined
  /** Address of page 0 of the heap's file. */
  #heapStart = 0

  constructor(session: SyncSession, memory: Memory, listener: LayoutListener) {
    this.#session = session
    this.#memory = memory
    this.#listener = listener
  }

  apply(event: PgtraceEvent): void {
    switch (event.kind) {
      case 'initial':
      case 'mmap':
        this.#mapNew(event.start, event.nrPages, event.prot)
        break
      case 'munmap':
        this.#unmap(event.start, event.nrPages)
        break
      case 'brk':
        if (event.oldEnd !== 0) this.#brk(event.oldEnd, event.newEnd)
        break
      case 'mprotect':
        this.#protect(event.start, event.start + event.nrPages, event.prot)
        break
      case 'madvise':
        this.#advise(event.start, event.start + event.nrPages, event.advice)
        break
      case 'mremap':
        this.#remap(event.start, event.nrPages, event.newStart, event.newNrPages, event.flags)
        break
      case 'fork':
        this.#fork(event.index)
        break
      default:
    }
  }

  inherit(ranges: readonly PageRange[]): void {
    for (const { start, end } of ranges) this.#mapNew(start, end - start, READ_WRITE)
  }

  admit(vpn: number): void {
    const isMapped = this.#pieces.some((piece) => piece.start <= vpn && vpn < piece.end)
    if (isMapped) this.#protect(vpn, vpn + 1, READ_WRITE | PROT_EXEC)
    else this.#mapNew(vpn, 1, READ_WRITE)
  }

  #newFile(pages: number): GrowingFile | undefined {
    if (this.#memory === 'anon') return undefined
    const file = { name: `file${++this.#names}`, pages }
    must(this.#session, { op: 'file', file: file.name, pages })
    return file
  }

  /** Maps new memory. Offsets in its file agree with addresses modulo 2 MiB, as the kernel would place them, so that huge pages fit. */
  #mapNew(start: number, pages: number, prot: number): void {
    const pgoff = start % HUGE_PAGES
    this.#map(start, pages, prot, this.#newFile(pgoff + pages), pgoff)
  }

  #map(start: number, pages: number, prot: number, file: GrowingFile | undefined, pgoff: number): void {
    const replaced = this.#carve(start, start + pages)
    const base = { op: 'mmap', region: `map${++this.#names}`, pages, memory: this.#memory, prot: protText(prot), vpn: start } as const
    must(this.#session, file === undefined ? base : { ...base, file: file.name, pgoff })
    this.#release(replaced)
    this.#insert({ start, end: start + pages, prot, file, pgoff })
    this.#listener.mapped(start, pages, (prot & PROT_WRITE) !== 0)
  }

  #unmap(start: number, pages: number): void {
    const pieces = this.#carve(start, start + pages)
    if (pieces.length === 0) return
    must(this.#session, { op: 'munmap', range: range('@', start, pages) })
    this.#release(pieces)
  }

  /** Ends pages that are no longer mapped: nobody else maps their file, so its part is freed too. */
  #release(pieces: readonly Piece[]): void {
    for (const { start, end, file, pgoff } of pieces) {
      const pages = end - start
      if (file !== undefined) must(this.#session, { op: 'fallocate', file: file.name, page: pgoff, pages, punch: true })
      this.#listener.unmapped(start, pages)
    }
  }

  #brk(oldEnd: number, newEnd: number): void {
    if (newEnd < oldEnd) {
      this.#unmap(newEnd, oldEnd - newEnd)
      return
    }
    if (newEnd === oldEnd) return
    if (this.#heapStart === 0) {
      this.#heapStart = oldEnd - (oldEnd % HUGE_PAGES)
      this.#heap = this.#newFile(newEnd - this.#heapStart)
    }
    const pgoff = oldEnd - this.#heapStart
    this.#grow(this.#heap, newEnd - this.#heapStart)
    this.#map(oldEnd, newEnd - oldEnd, READ_WRITE, this.#heap, pgoff)
  }

  #grow(file: GrowingFile | undefined, pages: number): void {
    if (file === undefined || file.pages >= pages) return
    must(this.#session, { op: 'ftruncate', file: file.name, pages })
    file.pages = pages
  }

  #protect(start: number, end: number, prot: number): void {
    for (const piece of this.#carve(start, end)) {
      const pages = piece.end - piece.start
      must(this.#session, { op: 'mprotect', range: range('@', piece.start, pages), prot: protText(prot) })
      this.#insert({ ...piece, prot })
      this.#listener.reprotected(piece.start, pages, (prot & PROT_WRITE) !== 0)
    }
  }

  #advise(start: number, end: number, advice: number): void {
    for (const piece of this.#within(start, end)) {
      const pages = piece.end - piece.start
      const at = range('@', piece.start, pages)
      if (advice === MADV_DONTNEED) {
        must(this.#session, { op: 'madvise', range: at, advice: 'dontneed' })
        if (isShared(this.#memory)) this.#listener.dropped(piece.start, pages)
        else this.#listener.discarded(piece.start, pages)
      } else if (advice === MADV_REMOVE && this.#memory === 'shmem') {
        must(this.#session, { op: 'madvise', range: at, advice: 'remove' })
        this.#listener.discarded(piece.start, pages)
      } else if (PASSED_ADVICE[advice] !== undefined) {
        this.#session.perform({ op: 'madvise', range: at, advice: PASSED_ADVICE[advice] })
      }
    }
  }

  #remap(start: number, pages: number, to: number, newPages: number, flags: number): void {
    const kept = Math.min(pages, newPages)
    if (newPages < pages) this.#unmap(start + newPages, pages - newPages)
    const pieces = this.#carve(start, start + kept)
    if (pieces.length === 0) return
    if (to !== start) this.#unmap(to, newPages)
    const growth = newPages - kept
    for (const [i, piece] of pieces.entries()) this.#remapPiece(piece, to - start, i === pieces.length - 1 ? growth : 0)
    if ((flags & MREMAP_DONTUNMAP) !== 0 && to !== start) {
      for (const piece of pieces) this.#mapNew(piece.start, piece.end - piece.start, piece.prot)
    }
  }

  #remapPiece(piece: Piece, shift: number, growth: number): void {
    const { start, end, prot, file, pgoff } = piece
    const pages = end - start
    const to = start + shift
    if (growth !== 0) this.#grow(file, pgoff + pages + growth)
    if (shift !== 0 || growth !== 0) {
      this.#listener.moving?.(start, pages)
      const base = { op: 'mremap', range: range('@', start, pages), newPages: pages + growth, region: `map${++this.#names}` } as const
      const how = { mayMove: shift !== 0, dontUnmap: false }
      must(this.#session, shift === 0 ? { ...base, ...how } : { ...base, ...how, to: place('@', to) })
    }
    this.#insert({ start: to, end: to + pages + growth, prot, file, pgoff })
    if (shift !== 0) this.#listener.moved(start, pages, to)
    if (growth !== 0) this.#listener.mapped(to + pages, growth, (prot & PROT_WRITE) !== 0)
  }

  #fork(index: number): void {
    const child = `child${index}`
    must(this.#session, { op: 'fork', child })
    this.#listener.forked(child)
  }

  /** The parts of pieces inside [start, end). */
  #within(start: number, end: number): Piece[] {
    const parts: Piece[] = []
    for (const piece of this.#pieces) {
      const part = clip(piece, Math.max(start, piece.start), Math.min(end, piece.end))
      if (part !== undefined) parts.push(part)
    }
    return parts
  }

  /** Takes [start, end) out of the pieces and answers what was there. */
  #carve(start: number, end: number): Piece[] {
    const parts = this.#within(start, end)
    if (parts.length === 0) return parts
    const left: Piece[] = []
    for (const piece of this.#pieces) {
      const before = clip(piece, piece.start, Math.min(piece.end, start))
      const after = clip(piece, Math.max(piece.start, end), piece.end)
      if (before !== undefined) left.push(before)
      if (after !== undefined) left.push(after)
    }
    this.#pieces = left
    return parts
  }

  #insert(piece: Piece): void {
    const at = this.#pieces.findIndex((other) => other.start > piece.start)
    this.#pieces.splice(at < 0 ? this.#pieces.length : at, 0, piece)
  }
}

function clip(piece: Piece, start: number, end: number): Piece | undefined {
  if (start >= end) return undefined
  // Most pieces are far from what an event is about, and there are a hundred of them.
  if (start === piece.start && end === piece.end) return piece
  const { prot, file, pgoff } = piece
  return { start, end, prot, file, pgoff: pgoff + (start - piece.start) }
}

function protText(prot: number): string {
  return `${prot & PROT_READ ? 'r' : ''}${prot & PROT_WRITE ? 'w' : ''}${prot & PROT_EXEC ? 'x' : ''}`
}

/**
 * The memory of a recorded userfaultfd stream, made on a session.
 * @module
 */
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '@faultline/mm-types'
import { type Memory, type Outcome, type Range, range, STATE_PRESENT, STATE_UFFD_WP, type SyncSession } from '@faultline/program'
import { must } from './calls.ts'
import type { UffdRange } from './trace/uffd-record.ts'
import type { Uffdtrace } from './trace/uffdtrace.ts'

/** Where the first block is mapped: a 1 GiB boundary in the middle of user space. */
const FIRST_VPN = 0x10000 * 512 * 32

/** What a page is to a userfaultfd: nothing there, there and writable without a message, there and protected. */
export type UffdPageState = 'absent' | 'open' | 'protected'

/** The file behind a region that has one. */
const STORE = 'store'

interface Block {
  readonly number: number
  readonly nrPages: number
  /** Number of its first page among the pages of all blocks. */
  readonly first: number
  readonly vpn: number
}

/** Maps a stream's blocks and translates their pages, numbered through all blocks, to addresses. */
export class UffdRegion {
  readonly memory: Memory
  /** Pages of all blocks, in units of the trace's page size. */
  readonly nrPages: number
  /** 4 KiB pages in one page of the trace. */
  readonly unit: number
  readonly #session: SyncSession
  readonly #blocks: readonly Block[]

  constructor(session: SyncSession, trace: Uffdtrace) {
    const { header } = trace
    this.memory = header.memory
    this.unit = header.pageBytes / 4096
    this.#session = session
    const blocks: Block[] = []
    let first = 0
    let vpn = FIRST_VPN
    for (const { block, nrPages } of header.blocks.length > 0 ? header.blocks : [{ block: 0, nrPages: pagesNamed(trace) }]) {
      blocks.push({ number: block, nrPages, first, vpn })
      first += nrPages
      vpn += Math.ceil((nrPages * this.unit) / 512) * 512
    }
    this.#blocks = blocks
    this.nrPages = first
    this.#map(header.mappings[0]?.prot ?? PROT_READ | PROT_WRITE)
  }

  /** The number of a record's first page; -1 when no block holds it. */
  page(operand: UffdRange): number {
    const block = this.#blocks.find((candidate) => candidate.number === operand.block)
    if (block === undefined || operand.page + operand.count > block.nrPages) return -1
    return block.first + operand.page
  }

  /** Absolute 4 KiB page number of a page. */
  vpn(page: number): number {
    const block = this.#blocks.find((candidate) => page < candidate.first + candidate.nrPages)
    if (block === undefined) throw new RangeError(`page ${page} lies outside the recorded region of ${this.nrPages} pages`)
    return block.vpn + (page - block.first) * this.unit
  }

  /** The addresses of pages, as an operation takes them. */
  range(page: number, count: number): Range {
    return range('@', this.vpn(page), count * this.unit)
  }

  /** Asks the system what a page is. */
  state(page: number): UffdPageState {
    const pages = must(this.#session, { op: 'pagemap', range: this.range(page, 1) }).pages ?? []
    const state = pages[0] ?? 0
    if ((state & STATE_PRESENT) === 0) return 'absent'
    return (state & STATE_UFFD_WP) === 0 ? 'open' : 'protected'
  }

  /** fallocate(PUNCH_HOLE) of pages of the store. */
  punch(page: number, count: number): Outcome {
    const [at, pages] = this.#isHuge() ? [page, count] : [page * this.unit, count * this.unit]
    return this.#session.perform({ op: 'fallocate', file: STORE, page: at, pages, punch: true })
  }

  /** Reads every page, as QEMU does with guest memory before it protects it. */
  populate(): void {
    for (const block of this.#blocks) {
      for (let i = 0, pages = block.nrPages * this.unit; i < pages; i++) this.#session.access('main', block.vpn + i, false, 0)
    }
  }

  /**
   * Has the kernel reclaim every page that is there, and reads it again: what memory pressure does behind the program's back. Huge pages of
   * hugetlb are never reclaimed.
   */
  reclaimAndRead(): void {
    if (this.#isHuge()) return
    const there = Array.from({ length: this.nrPages }, (_, page) => page).filter((page) => this.state(page) !== 'absent')
    for (const page of there) this.#session.perform({ op: 'reclaim', range: this.range(page, 1) })
    for (const page of there) this.#session.access('main', this.vpn(page), false, 0)
  }

  #isHuge(): boolean {
    return this.memory === 'hugetlb' || this.memory === 'hugetlb-private'
  }

  #map(prot: number): void {
    const isHuge = this.#isHuge()
    const scale = isHuge ? 1 : this.unit
    const text = `${prot & PROT_READ ? 'r' : ''}${prot & PROT_WRITE ? 'w' : ''}${prot & PROT_EXEC ? 'x' : ''}`
    const { memory } = this
    if (memory !== 'anon') {
      must(this.#session, { op: 'file', file: STORE, pages: this.nrPages * scale, ...(isHuge ? { hugeShift: 21 as const } : {}) })
    }
    for (const { number, nrPages, first, vpn } of this.#blocks) {
      const base = { op: 'mmap', region: `block${number}`, pages: nrPages * scale, memory, prot: text, vpn } as const
      must(this.#session, memory === 'anon' ? base : { ...base, file: STORE, pgoff: first * scale })
    }
  }
}

/** One past the highest page any record names. */
function pagesNamed(trace: Uffdtrace): number {
  let most = 1
  for (const record of trace.records) if ('page' in record) most = Math.max(most, record.page + record.count)
  return most
}

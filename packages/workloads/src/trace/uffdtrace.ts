import { quoteInput, TraceError } from './trace-error.ts'
import { checkCounts, headerNumbers, headerText, readVersionLine, TraceLines } from './trace-lines.ts'
import { parseOperation, type UffdRecord } from './uffd-record.ts'

/** The kinds of memory a recorded region can be, as `--memory` names them. */
export type UffdMemory = 'anon' | 'shmem' | 'shmem-private' | 'hugetlb' | 'hugetlb-private'

/** A registered block of memory; page operands index into it. */
export interface UffdBlock {
  readonly block: number
  /** Length in units of `pageBytes`. */
  readonly nrPages: number
  /** First virtual page number (4 KiB) of that run, where the file says it. */
  readonly baseVpn: number | undefined
}

/** An mmap whose result holds the region. */
export interface UffdMapping {
  /** The line of the file. */
  readonly line: number
  readonly prot: number
  readonly flags: number
  /** First virtual page number (4 KiB). */
  readonly baseVpn: number
  /** Length in units of `pageBytes`. */
  readonly nrPages: number
}

/** What the `#` lines of an uffdtrace say. */
export interface UffdtraceHeader {
  readonly lines: readonly string[]
  readonly program: string | undefined
  readonly kernel: string | undefined
  /** The page size the client asked the kernel for: 4096, or 2 MiB on hugetlb. */
  readonly pageBytes: number
  readonly blocks: readonly UffdBlock[]
  readonly mappings: readonly UffdMapping[]
  /** Told from the flags of the mapping; files without one are of QEMU's guest memory, private and anonymous. */
  readonly memory: UffdMemory
  /** Lines by letter (faults `Fm` `FM` `Fw`), as counted by the recorder. */
  readonly counts: Readonly<Record<string, number>>
}

/** A decoded uffdtrace: records in order of call completion, the messages of one read() in the order it gave them. */
export interface Uffdtrace {
  readonly format: 'uffdtrace'
  readonly header: UffdtraceHeader
  readonly records: readonly UffdRecord[]
  /** Calls in the file; records that continue a read() share its call. */
  readonly nrCalls: number
  readonly nrThreads: number
}

const MAP_SHARED = 0x1
const MAP_ANONYMOUS = 0x20
const MAP_HUGETLB = 0x40000

/** Lines the recorder counts but that are comments, or are left out of QEMU's files (read() without a message). */
const UNLISTED = ['#', 'n']

/**
 * Reads an uffdtrace, already unzipped.
 *
 * @param source - name used in errors.
 * @throws TraceError with line and column.
 */
export function parseUffdtrace(bytes: Uint8Array, source: string): Uffdtrace {
  const lines = new TraceLines(bytes, source)
  readVersionLine(lines, 'uffdtrace')
  const header = new HeaderReader(lines)
  const records: UffdRecord[] = []
  let call = -1
  let time = 0
  let nrThreads = 0
  let previous: UffdRecord | undefined
  while (lines.next()) {
    if (lines.line.startsWith('#')) {
      header.line()
      continue
    }
    const first = lines.field('a thread number, or "." for a further message')
    const isContinued = first === '.'
    checkBatch(lines, previous, isContinued)
    let thread = previous?.thread ?? 0
    let dt = 0
    let overlap = previous?.overlap ?? 0
    if (!isContinued) {
      thread = lines.parseDecimal(first, 'a thread number, or "." for a further message')
      dt = lines.decimal('microseconds since the previous line')
      overlap = lines.decimal('a number of overlapping calls')
      time += dt
      call++
      if (thread >= nrThreads) nrThreads = thread + 1
    }
    const base = { line: lines.lineNumber, call, thread, dt, time, overlap }
    previous = parseOperation(lines, base, isContinued ? previous : undefined)
    header.checkPages(previous)
    records.push(previous)
  }
  checkBatch(lines, previous, false)
  const done = header.finish()
  checkCounts(source, done.counts, countRecords(records), UNLISTED)
  return { format: 'uffdtrace', header: done, records, nrCalls: call + 1, nrThreads }
}

/** The messages of one read() stand together: `*k` on the first, then k - 1 lines that start with a dot. */
function checkBatch(lines: TraceLines, previous: UffdRecord | undefined, isContinued: boolean): void {
  const isMessage = previous !== undefined && (previous.kind === 'F' || previous.kind === 'E')
  const batch = isMessage ? previous.batch : 1
  const index = isMessage ? previous.batchIndex : 0
  const isOpen = index + 1 < batch
  if (isContinued && !isOpen) lines.fail('"." continues a read() that has no more messages', 'a thread number')
  if (!isContinued && isOpen) {
    lines.fail(`read() gave ${batch} messages and only ${index + 1} are listed`, '"." and a further message')
  }
}

/** Collects the `#` lines, which may also stand between records (an mmap of the region). */
class HeaderReader {
  readonly #lines: TraceLines
  readonly #texts: string[]
  readonly #mappings: UffdMapping[] = []
  readonly #blocks: UffdBlock[] = []

  constructor(lines: TraceLines) {
    this.#lines = lines
    this.#texts = [lines.line]
  }

  line(): void {
    const lines: TraceLines = this.#lines
    this.#texts.push(lines.line)
    if (lines.line.startsWith('# mmap of the region: ')) this.#mapping()
    else if (lines.line.startsWith('#block ')) this.#block()
    else if (lines.line.startsWith('#region_pages ')) {
      lines.field('#region_pages')
      this.#blocks.push({ block: 0, nrPages: lines.decimal('the pages of the region'), baseVpn: undefined })
    }
  }

  #mapping(): void {
    const lines: TraceLines = this.#lines
    const match = /prot=(\d{1,9}) flags=0x([0-9a-f]{1,8}) base=([0-9a-f]{1,13}) len_pages=([0-9a-f]{1,13})$/.exec(lines.line)
    if (match === null) {
      lines.fail('the mapping is not complete', '"prot=DEC flags=0xHEX base=HEX len_pages=HEX"')
    }
    this.#mappings.push({
      line: lines.lineNumber,
      prot: Number.parseInt(match[1], 10),
      flags: Number.parseInt(match[2], 16),
      baseVpn: Number.parseInt(match[3], 16),
      nrPages: Number.parseInt(match[4], 16),
    })
  }

  #block(): void {
    const lines: TraceLines = this.#lines
    const match = /^#block (\d{1,4}) pages=([0-9a-f]{1,13}) base_vpn=([0-9a-f]{1,13})$/.exec(lines.line)
    if (match === null) lines.fail('the block is not complete', '"#block DEC pages=HEX base_vpn=HEX"')
    const block = Number.parseInt(match[1], 10)
    this.#blocks.push({ block, nrPages: Number.parseInt(match[2], 16), baseVpn: Number.parseInt(match[3], 16) })
  }

  /** Refuses page operands outside the region, when the header says how large it is. */
  checkPages(record: UffdRecord): void {
    if (!('page' in record)) return
    const { block, page, count } = record
    const known = this.#blocks.find((candidate) => candidate.block === block)
    if (known === undefined || page + count <= known.nrPages) return
    const range = `${page.toString(16)}+${count.toString(16)}`
    const problem = `pages ${range} (hex) lie outside the region`
    throw new TraceError(this.#lines.source, { line: record.line }, problem, `pages below ${known.nrPages.toString(16)}`)
  }

  finish(): UffdtraceHeader {
    const texts = this.#texts
    const pagesize = headerText(texts, 'pagesize')
    const pageBytes = Number(pagesize ?? 4096)
    if (!Number.isSafeInteger(pageBytes) || pageBytes < 4096) {
      this.#lines.fail(`the header says #pagesize ${quoteInput(pagesize ?? '')}`, 'a page size of 4096 or more')
    }
    const counts = headerText(texts, 'counts')
    return {
      lines: texts,
      program: headerText(texts, 'program'),
      kernel: headerText(texts, 'kernel'),
      pageBytes,
      blocks: this.#blocks,
      mappings: this.#mappings,
      memory: memoryOf(this.#mappings[0], pageBytes),
      counts: counts === undefined ? {} : headerNumbers(`#counts ${counts}`),
    }
  }
}

function memoryOf(mapping: UffdMapping | undefined, pageBytes: number): UffdMemory {
  if (mapping === undefined) return 'anon'
  const isShared = (mapping.flags & MAP_SHARED) !== 0
  if ((mapping.flags & MAP_HUGETLB) !== 0 || pageBytes >= 1 << 21) return isShared ? 'hugetlb' : 'hugetlb-private'
  if (isShared) return 'shmem'
  return (mapping.flags & MAP_ANONYMOUS) !== 0 ? 'anon' : 'shmem-private'
}

function countRecords(records: readonly UffdRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const record of records) {
    const key = record.kind === 'F' ? `F${record.access}` : record.kind
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

import type { Memory, Operation, Outcome, SyncSession, VmaCount } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import type { LayoutListener } from './layout.ts'
import { parsePgtraceText } from './trace/pgtrace-text.ts'
import { createTraceLayout, inheritedRanges } from './trace-layout.ts'

/** A session that says yes to all and remembers what it was asked. */
class Recorder implements SyncSession {
  readonly loaded = 0
  readonly operations: string[] = []

  perform(operation: Operation): Outcome {
    this.operations.push(describeOperation(operation))
    return { errno: 0 }
  }

  access(): number {
    return 0
  }

  readonly stopped = 0

  accessMany(): number {
    return 0
  }

  writeprotect(): Outcome {
    return { errno: 0 }
  }

  receive(): undefined {}

  counters(): Record<string, number> {
    return {}
  }

  tableBytes(): number {
    return 0
  }

  vmas(): VmaCount {
    return { now: 0, peak: 0 }
  }

  close(): void {}
}

function describeOperation(operation: Operation): string {
  const hex = (n: number) => n.toString(16)
  switch (operation.op) {
    case 'mmap':
      return `mmap ${hex(operation.vpn ?? 0)}+${hex(operation.pages)} ${operation.prot}${operation.file ? ` ${operation.file}@${operation.pgoff}` : ''}`
    case 'file':
    case 'ftruncate':
      return `${operation.op} ${operation.file} ${operation.pages}`
    case 'fallocate':
      return `punch ${operation.file}@${operation.page}+${operation.pages}`
    case 'mremap':
      return `mremap ${hex(operation.range.at.page)}+${operation.range.pages} -> ${operation.to ? hex(operation.to.page) : 'here'}+${operation.newPages}`
    default:
      return 'range' in operation ? `${operation.op} ${hex(operation.range.at.page)}+${operation.range.pages}` : operation.op
  }
}

/** Hears a layout as words. */
class Ear implements LayoutListener {
  readonly heard: string[] = []
  mapped = (start: number, pages: number, writable: boolean) => this.#hear('mapped', start, pages, writable ? 'rw' : 'ro')
  unmapped = (start: number, pages: number) => this.#hear('unmapped', start, pages)
  discarded = (start: number, pages: number) => this.#hear('discarded', start, pages)
  dropped = (start: number, pages: number) => this.#hear('dropped', start, pages)
  moved = (from: number, pages: number, to: number) => this.#hear('moved', from, pages, to.toString(16))
  reprotected = (start: number, pages: number, writable: boolean) => this.#hear('reprotected', start, pages, writable ? 'rw' : 'ro')
  forked = (child: string) => void this.heard.push(`forked ${child}`)
  #hear(what: string, start: number, pages: number, more = ''): void {
    this.heard.push(`${what} ${start.toString(16)}+${pages}${more && ` ${more}`}`)
  }
}

function pgtrace(...lines: string[]) {
  return parsePgtraceText(new TextEncoder().encode(`#pgtrace 1\n${lines.join('\n')}\n`), 'test')
}

function replay(memory: Memory, ...lines: string[]) {
  const session = new Recorder()
  const ear = new Ear()
  const layout = createTraceLayout(session, memory, ear)
  for (const event of pgtrace(...lines).events) layout.apply(event)
  return { asked: session.operations, heard: ear.heard, layout, session, ear }
}

describe('small pages', () => {
  test('a fixed mapping replaces what was there', () => {
    const { asked, heard } = replay('anon', 'M1000 10 3 22 -', 'M1004 2 1 32 -')
    expect(asked).toEqual(['mmap 1000+10 rw', 'mmap 1004+2 r'])
    expect(heard).toEqual(['mapped 1000+16 rw', 'unmapped 1004+2', 'mapped 1004+2 ro'])
  })

  test('files agree with addresses modulo 2 MiB, and lose what is unmapped', () => {
    const { asked } = replay('shmem', 'M1003 4 3 22 -', 'U1004 2')
    expect(asked).toEqual(['file file1 7', 'mmap 1003+4 rw file1@3', 'munmap 1004+2', 'punch file1@4+2'])
  })

  test('the heap is one file that grows and shrinks', () => {
    const { asked, heard } = replay('shmem', 'B0 2001', 'B2001 2003', 'B2003 2006', 'B2006 2004')
    expect(asked).toEqual([
      'file file1 3',
      'mmap 2001+2 rw file1@1',
      'ftruncate file1 6',
      'mmap 2003+3 rw file1@3',
      'munmap 2004+2',
      'punch file1@4+2',
    ])
    expect(heard).toEqual(['mapped 2001+2 rw', 'mapped 2003+3 rw', 'unmapped 2004+2'])
  })

  test('MADV_DONTNEED discards private memory and keeps what shared memory holds', () => {
    const lines = ['M1000 4 3 22 -', 'A1001 2 4']
    expect(replay('anon', ...lines).heard.at(-1)).toBe('discarded 1001+2')
    expect(replay('shmem-private', ...lines).heard.at(-1)).toBe('discarded 1001+2')
    expect(replay('shmem', ...lines).heard.at(-1)).toBe('dropped 1001+2')
  })

  test('mremap moves, grows and shrinks', () => {
    expect(replay('anon', 'M1000 4 3 22 -', 'V1000 4 5000 6 1').heard.slice(1)).toEqual(['moved 1000+4 5000', 'mapped 5004+2 rw'])
    const { asked, heard } = replay('shmem', 'M1000 4 3 22 -', 'V1000 4 1000 6 1', 'V1000 6 1000 2 1')
    expect(asked.slice(2)).toEqual(['ftruncate file1 6', 'mremap 1000+4 -> here+6', 'munmap 1002+4', 'punch file1@2+4'])
    expect(heard.slice(1)).toEqual(['mapped 1004+2 rw', 'unmapped 1002+4'])
  })

  test('mprotect concerns what is mapped only', () => {
    const { asked, heard } = replay('anon', 'M1000 2 3 22 -', 'P1001 5 1')
    expect(asked.at(-1)).toBe('mprotect 1001+1')
    expect(heard.at(-1)).toBe('reprotected 1001+1 ro')
  })

  test('an access nobody mapped for is admitted', () => {
    const { layout, ear } = replay('anon', 'M1000 2 1 22 -')
    layout.admit(0x1001)
    layout.admit(0x3000)
    expect(ear.heard.slice(1)).toEqual(['reprotected 1001+1 rw', 'mapped 3000+1 rw'])
  })
})

describe('hugetlb', () => {
  test('a block stays while any mapping covers it', () => {
    const { asked, heard } = replay('hugetlb', 'M1000 4 3 22 -', 'M1100 300 1 22 -', 'U1000 4', 'U1100 80', 'U1180 80', 'U1200 200')
    expect(asked).toEqual([
      'file huge1 1',
      'mmap 1000+1 rw huge1@0',
      'file huge2 1',
      'mmap 1200+1 rw huge2@0',
      'munmap 1000+512',
      'punch huge1@0+1',
      'munmap 1200+512',
      'punch huge2@0+1',
    ])
    expect(heard).toEqual(['mapped 1000+512 rw', 'mapped 1200+512 rw', 'unmapped 1000+512', 'unmapped 1200+512'])
  })

  test('a mapping in the place of another leaves the block alone', () => {
    expect(replay('hugetlb-private', 'M1000 4 3 22 -', 'M1000 4 1 32 -').heard).toEqual(['mapped 1000+512 rw'])
  })

  test('only whole blocks can be dropped', () => {
    const lines = ['M1000 800 3 22 -', 'A1100 500 4', 'A1100 10 4']
    expect(replay('hugetlb', ...lines).heard.slice(1)).toEqual(['dropped 1200+1024'])
    expect(replay('hugetlb-private', ...lines).heard.slice(1)).toEqual(['discarded 1200+1024'])
  })

  test('mremap keeps the blocks both places cover', () => {
    const { heard } = replay('hugetlb', 'M1000 400 3 22 -', 'V1000 400 1200 400 1')
    expect(heard.slice(1)).toEqual(['mapped 1400+512 rw', 'unmapped 1000+512'])
  })
})

test('pages no event speaks of are inherited, close ones as one mapping', () => {
  const trace = pgtrace('w900', 'rabc+1', 'r905', 'M5000 2 3 22 -', 'w5001', 'U5000 2', 'w5000')
  expect(inheritedRanges(trace)).toEqual([
    { start: 0x900, end: 0x906 },
    { start: 0xabc, end: 0xabe },
  ])
})

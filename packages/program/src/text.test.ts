import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyOperation, anyProgram, OPERATIONS } from '../test/arbitraries.ts'
import { type Operation, parseProgram, printOperation, printProgram, printShort } from './index.ts'

const sample = `faultline-program 1
name write-protect what is not there
memory anon shmem shmem-private
# Each line is one operation.
uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
file f 16
mmap A 16 memory rw file=f
register u A 0 16 mode=wp
write A+3 7
writeprotect u A 0 16 mode=wp => ok => @shmem EAGAIN result 0x1000
monitor u missing=copy wp=unprotect minor=continue
child: read A+3          # by the child
child.t1: write A+3:0x10 0x7 => blocked; message pagefault A+3 flags=write,wp [present anon excl +WP]
@anon,shmem-private madvise A 0 4 dontneed
scan A 0 16 flags=wp_matching mask=written return=written max=0 vec=64 => result 1; region A+3..A+4 written
expect A+0 4 present anon excl +WP
pagemap A+3:0x10 4:0x20 => pages none | 3x has +WP !present
register u A 0 1 mode=0x10 => EINVAL
@shmem munmap @ 0x400 16 => @shmem ok; message unmap @+1024..@+0x410

`

describe('the text of a program', () => {
  test('is canonical after one reading and printing', () => {
    expect(printProgram(parseProgram(sample))).toBe(`faultline-program 1
name write-protect what is not there
memory anon shmem shmem-private
# Each line is one operation.
userfaultfd u
api u features=wp_hugetlbfs_shmem,wp_unpopulated
file f 16
mmap A 16 memory rw file=f
register u A 0 16 mode=wp
write A+3 7
writeprotect u A 0 16 mode=wp => ok => @shmem EAGAIN result 4096
monitor u missing=copy wp=unprotect minor=continue
child: read A+3  # by the child
child.t1: write A+3:0x10 7 => blocked; message pagefault A+3 flags=write,wp [present anon excl +WP]
@anon,shmem-private madvise A 0 4 dontneed
scan A 0 16 flags=wp_matching mask=written return=written vec=64 => result 1; region A+3..A+4 written
expect A 0 4 present anon excl +WP
expect A+3:0x10 4:0x20 none | 3x has +WP !present
register u A 0 1 mode=0x10 => EINVAL
@shmem munmap @ 0x400 16 => @shmem message unmap @+0x400..@+0x410
`)
  })

  test('has a short form for the handshake of a userfaultfd, which means the same', () => {
    const text = `userfaultfd u
api u features=event_fork
.t: userfaultfd v flags=user_mode_only
.t: api v => EINVAL
userfaultfd w => ok
api w
userfaultfd x
api y`
    const { steps } = parseProgram(`faultline-program 1\n${text}`)
    const short = printShort(steps)
    expect(short).toEqual([
      'uffd u features=event_fork',
      '.t: uffd v flags=user_mode_only => EINVAL',
      'userfaultfd w => ok',
      'api w',
      'userfaultfd x',
      'api y',
    ])
    expect(parseProgram(`faultline-program 1\n${short.join('\n')}`).steps).toEqual(steps)
  })

  test('means the operations it names', () => {
    const { steps } = parseProgram(
      'faultline-program 1\nuffd u features=0x1000,event_fork flags=user_mode_only => ok # why\nmprotect A -1 2 none',
    )
    expect(steps).toEqual([
      { operation: { op: 'userfaultfd', uffd: 'u', flags: 1 } },
      { operation: { op: 'api', uffd: 'u', features: 0x1002, version: 0xaa }, expect: [{ errno: 0 }], comment: 'why' },
      { operation: { op: 'mprotect', range: { at: { region: 'A', page: -1, byte: 0 }, pages: 2, bytes: 0 }, prot: '' } },
    ])
  })

  test.each(Object.keys(OPERATIONS) as Operation['op'][])('%s comes back from its text', (op) => {
    fc.assert(
      fc.property(OPERATIONS[op], (operation) => {
        const text = `faultline-program 1\n${printOperation(operation)}\n`
        expect(parseProgram(text).steps).toEqual([{ operation }])
      }),
    )
  })

  test('a program comes back from its text, expectations and comments included', () => {
    fc.assert(
      fc.property(anyProgram, (program) => {
        const text = printProgram(program)
        expect(parseProgram(text)).toEqual(program)
        expect(printProgram(parseProgram(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('lines end as on Windows too', () => {
    fc.assert(
      fc.property(fc.array(anyOperation), (operations) => {
        const text = printProgram({ steps: operations.map((operation) => ({ operation })) })
        expect(parseProgram(text.replaceAll('\n', '\r\n'))).toEqual(parseProgram(text))
      }),
    )
  })

  test('data without a spelling is refused', () => {
    const print = (operation: Operation) => () => printOperation(operation)
    expect(print({ op: 'fork', child: 'two words' })).toThrow('"two words" cannot be written as the name of a process; use letters')
    expect(print({ op: 'comment', text: 'a\nb' })).toThrow('a comment has several lines')
    expect(print({ op: 'userfaultfd', uffd: 'u', flags: -1 })).toThrow('-1 is no set of bits')
    expect(print({ op: 'write', at: { region: 'A', page: 0.5, byte: 0 }, value: 1 })).toThrow('0.5 is not an exact integer')
    expect(() => printProgram({ name: ' x', steps: [] })).toThrow('cannot be the name of a program')
    expect(() => printProgram({ memories: [], steps: [] })).toThrow('no list of memory types')
  })
})

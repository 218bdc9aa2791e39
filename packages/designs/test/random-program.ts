/**
 * Random programs over two regions of one memory type: a region that a userfaultfd watches, and an alias that it does not.
 */
import { UFFD_FEATURE_WP_HUGETLBFS_SHMEM } from '@faultline/mm-types'
import { type Advice, type Memory, type Operation, place, range } from '@faultline/program'
import fc from 'fast-check'

/** One random program, its memory type, and the pages of each region (in pages of their own). */
export interface RandomProgram {
  readonly memory: Memory
  readonly pages: number
  readonly setup: readonly Operation[]
  readonly operations: readonly Operation[]
}

/** Region X is registered for write-protection; Y maps the same file, shared where X is shmem-private. */
export const REGIONS = ['X', 'Y'] as const

/** The memory type of a region of a program over `memory`. */
export function memoryOf(region: string, memory: Memory): Memory {
  return region === 'Y' && memory === 'shmem-private' ? 'shmem' : memory
}

const ADVICE: readonly Advice[] = [
  'dontneed',
  'pageout',
  'remove',
  'populate_read',
  'populate_write',
  'collapse',
  'hugepage',
  'nohugepage',
  'cold',
  'willneed',
]

function setupOf(memory: Memory, pages: number, features: number): Operation[] {
  const huge = memory.startsWith('hugetlb')
  const file = memory === 'anon' ? {} : { file: 'F' }
  return [
    { op: 'file', file: 'F', pages, ...(huge ? { hugeShift: 21 as const } : {}) },
    ...REGIONS.map((region): Operation => ({ op: 'mmap', region, pages, memory: memoryOf(region, memory), prot: 'rw', ...file })),
    { op: 'userfaultfd', uffd: 'u', flags: 0 },
    { op: 'api', uffd: 'u', features, version: 0xaa },
    { op: 'register', uffd: 'u', range: range('X', 0, pages), mode: 2 },
    { op: 'monitor', uffd: 'u', missing: 'none', wp: 'unprotect', minor: 'none' },
  ]
}

/** @param features asked of UFFDIO_API; every design under test must offer them */
export function randomProgram(
  memories: readonly Memory[],
  features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  more: (memory: Memory, pages: number) => fc.Arbitrary<Operation>[] = () => [],
): fc.Arbitrary<RandomProgram> {
  return fc.constantFrom(...memories).chain((memory) => {
    const pages = memory.startsWith('hugetlb') ? 3 : 512 + 8
    return fc
      .array(fc.oneof({ weight: 3, arbitrary: operation(memory, pages) }, ...more(memory, pages)), {
        minLength: 10,
        maxLength: 40,
        size: 'max',
      })
      .map((operations) => ({ memory, pages, setup: setupOf(memory, pages, features), operations: oneFork(operations) }))
  })
}

/** Keeps the first fork, and drops what the child does while there is none. */
function oneFork(operations: readonly Operation[]): Operation[] {
  let child: 'none' | 'lives' | 'gone' = 'none'
  return operations.filter((operation) => {
    if (operation.op === 'fork') {
      if (child !== 'none') return false
      child = 'lives'
      return true
    }
    if (operation.process !== 'child') return true
    if (child !== 'lives') return false
    if (operation.op === 'exit') child = 'gone'
    return true
  })
}

function operation(memory: Memory, pages: number): fc.Arbitrary<Operation> {
  const region = fc.constantFrom('X', 'X', 'Y')
  const page = pages < 8 ? fc.nat(pages - 1) : fc.constantFrom(0, 0, 1, 1, 2, 16, 511, 512)
  const process = fc.constantFrom({}, {}, { process: 'child' })
  const value = fc.integer({ min: 1, max: 99 })
  const at = fc.tuple(region, page).map(([r, p]) => place(r, p))
  const part = fc.oneof(
    fc.constant([0, pages] as const),
    fc.tuple(page, fc.integer({ min: 1, max: Math.min(4, pages) })).map(([p, n]) => [p, Math.min(n, pages - p)] as const),
  )
  const span = fc.tuple(region, part).map(([r, [p, n]]) => range(r, p, n))
  const xSpan = part.map(([p, n]) => range('X', p, n))
  const one = page.map((p) => range('X', p, 1))
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ at, value, process }).map((r): Operation => ({ op: 'write', at: r.at, value: r.value, ...r.process })),
    },
    { weight: 5, arbitrary: fc.record({ at, process }).map((r): Operation => ({ op: 'read', at: r.at, ...r.process })) },
    {
      weight: 6,
      arbitrary: fc
        .record({ span: xSpan, mode: fc.constantFrom(0, 1, 1) })
        .map((r): Operation => ({ op: 'writeprotect', uffd: 'u', range: r.span, mode: r.mode })),
    },
    {
      weight: 8,
      arbitrary: fc
        .record({ span, advice: fc.constantFrom(...ADVICE), process })
        .map((r): Operation => ({ op: 'madvise', range: r.span, advice: r.advice, ...r.process })),
    },
    {
      weight: 5,
      arbitrary: fc
        .record({ span, op: fc.constantFrom('reclaim' as const, 'khugepaged' as const), process })
        .map((r): Operation => ({ op: r.op, range: r.span, ...r.process })),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({ span, prot: fc.constantFrom('r', 'rw', ''), process })
        .map((r): Operation => ({ op: 'mprotect', range: r.span, prot: r.prot, ...r.process })),
    },
    { weight: 1, arbitrary: fc.constant<Operation>({ op: 'fork', child: 'child' }) },
    { weight: 1, arbitrary: fc.constant<Operation>({ op: 'exit', process: 'child' }) },
    { weight: 2, arbitrary: part.map(([p, n]): Operation => ({ op: 'fallocate', file: 'F', page: p, pages: n, punch: true })) },
    { weight: 1, arbitrary: page.map((p): Operation => ({ op: 'ftruncate', file: 'F', pages: p })) },
    { weight: 2, arbitrary: fc.constant<Operation>({ op: 'ftruncate', file: 'F', pages }) },
    { weight: 1, arbitrary: fc.record({ span, process }).map((r): Operation => ({ op: 'munmap', range: r.span, ...r.process })) },
    {
      weight: 2,
      arbitrary: fc
        .record({ span: one, value, mode: fc.constantFrom(0, 2) })
        .map((r): Operation => ({ op: 'copy', uffd: 'u', range: r.span, value: r.value, mode: r.mode })),
    },
    {
      weight: memory === 'shmem' || memory === 'anon' ? 1 : 0,
      arbitrary: one.map((r): Operation => ({ op: 'zeropage', uffd: 'u', range: r, mode: 0 })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ span: one, mode: fc.constantFrom(0, 2) })
        .map((r): Operation => ({ op: 'continue', uffd: 'u', range: r.span, mode: r.mode })),
    },
    { weight: 1, arbitrary: xSpan.map((r): Operation => ({ op: 'unregister', uffd: 'u', range: r })) },
    { weight: 1, arbitrary: xSpan.map((r): Operation => ({ op: 'register', uffd: 'u', range: r, mode: 2 })) },
  )
}

/** Operations after which contents may be one thing or another: for laws that do not look at contents. */
export function rareOperations(memory: Memory, pages: number): fc.Arbitrary<Operation>[] {
  const page = pages < 8 ? fc.nat(pages - 1) : fc.constantFrom(0, 1, 2, 3, 511, 512)
  const region = fc.constantFrom('X', 'Y')
  const process = fc.constantFrom({}, {}, { process: 'child' })
  const span = fc
    .tuple(region, page, fc.constantFrom(1, 2, pages))
    .map(([name, first, length]) => range(name, first, Math.min(length, pages - first)))
  const advice = fc.constantFrom<Advice>('free', 'guard_install', 'guard_remove', 'mergeable', 'dontneed', 'wipeonfork')
  const kernel = fc.constantFrom('migrate' as const, 'ksm' as const, 'reclaim' as const)
  return [
    fc.record({ span, advice, process }).map((r): Operation => ({ op: 'madvise', range: r.span, advice: r.advice, ...r.process })),
    fc.record({ span, op: kernel, process }).map((r): Operation => ({ op: r.op, range: r.span, ...r.process })),
    fc.constant<Operation>({ op: 'swapoff' }),
    fc.record({ span, process }).map((r): Operation => ({ op: 'mlock', range: r.span, ...r.process })),
    page.map((p): Operation => ({ op: 'poison', uffd: 'u', range: range('X', p, 1), mode: 0 })),
    ...(memory === 'anon'
      ? [
          fc
            .tuple(page, page, fc.constantFrom(1, 2, 512))
            .map(([to, from, n]): Operation => ({ op: 'move', uffd: 'u', range: range('X', to, n), from: place('Y', from), mode: 2 })),
        ]
      : []),
    fc.record({ span, to: page, process }).map(
      (r): Operation => ({
        op: 'mremap',
        range: r.span,
        newPages: r.span.pages,
        region: 'Z',
        mayMove: true,
        dontUnmap: false,
        ...r.process,
      }),
    ),
  ]
}

import type { UffdMemory } from './uffdtrace.ts'

/** A recorded trace that comes with this package. */
export interface BundledTrace {
  /** Unique, without ending, such as `redis-server` or `uffd/bfs`. */
  readonly name: string
  /** File name in the package's `traces` folder. */
  readonly file: string
  readonly format: 'pgtrace' | 'uffdtrace' | 'wpsample' | 'pgfault'
  readonly program: string
  /** One sentence: what was recorded. */
  readonly description: string
  /** Distinct pages (pgtrace), pages of the region (uffdtrace); absent for the other formats. */
  readonly nrPages?: number
  /** Memory of the region, for uffdtraces. */
  readonly memory?: UffdMemory
}

/** Every trace in the `traces` folder; its README says how each was recorded. */
export const bundledTraces: readonly BundledTrace[] = [
  {
    name: 'redis-server',
    file: 'redis-server.pgt.bin.gz',
    format: 'pgtrace',
    program: 'redis-server 7.0.15',
    description: '30 000 SETs, a background save, 20 000 more SETs and 5 000 GETs from four clients.',
    nrPages: 3899,
  },
  {
    name: 'redis-bgsave-child',
    file: 'redis-bgsave-child.pgt.bin.gz',
    format: 'pgtrace',
    program: 'redis-server 7.0.15',
    description: 'The child that redis-server forked for its background save; its memory starts as its parent’s.',
    nrPages: 1898,
  },
  {
    name: 'redis-bgsave-child-text',
    file: 'redis-bgsave-child.pgt.txt.gz',
    format: 'pgtrace',
    program: 'redis-server 7.0.15',
    description: 'The same recording as redis-bgsave-child in the text form, to read and to test with.',
    nrPages: 1898,
  },
  {
    name: 'sqlite',
    file: 'sqlite.pgt.bin.gz',
    format: 'pgtrace',
    program: 'sqlite3 3.40.1',
    description: 'A table of 40 000 rows with two indexes: insert, query, update, delete, vacuum, check.',
    nrPages: 2297,
  },
  {
    name: 'umapsort-mmap',
    file: 'umapsort-mmap.pgt.bin.gz',
    format: 'pgtrace',
    program: 'UMap 2.1.0 umapsort --usemmap',
    description: 'Sorting a 32 MiB file through one shared mapping.',
    nrPages: 8707,
  },
  uffd('umapsort-anon-1t', 'umapsort', 'anon', 2048, 'Sorting 2048 pages of private memory paged by UMap, one application thread.'),
  uffd('umapsort-shmem-2t', 'umapsort', 'shmem', 4096, 'Sorting 4096 pages of shared tmpfs memory paged by UMap, two threads a role.'),
  uffd('umapsort-hugetlb-private', 'umapsort', 'hugetlb-private', 128, 'Sorting 128 private huge pages of 2 MiB paged by UMap.'),
  uffd('pfbench-w', 'pfbenchmark-write', 'anon', 8192, 'One write to each of 8192 pages.'),
  uffd('bfs', 'run_bfs', 'anon', 2113, 'A breadth-first search in a read-only region of 2113 pages.'),
  uffd('flushbuf', 'flush_buffer', 'anon', 2, 'Two pages written and flushed; small enough to read by eye.'),
  {
    name: 'uffd/qemu-bgsnap-light',
    file: 'qemu-bgsnap-light.uft.gz',
    format: 'uffdtrace',
    program: 'qemu-system-x86_64 7.2.22',
    description: 'A background snapshot of a nearly idle guest of 256 MiB: write-protect all, clear page by page.',
    nrPages: 65536,
    memory: 'anon',
  },
  wpsample('redis', 'redis-server', 'Pages redis-server wrote in each 20 ms.'),
  wpsample('sort', 'sort', 'Pages sort wrote in each 10 ms.'),
  wpsample('sqlite', 'sqlite3', 'Pages sqlite3 wrote in each 10 ms of a 200 000-row script.'),
  wpsample('umapsort', 'umapsort --usemmap', 'Pages umapsort wrote in each 10 ms.'),
  pgfault('qemu-bgsnap-light', 'qemu-system-x86_64 7.2.22', 'Host page faults in guest memory during uffd/qemu-bgsnap-light.'),
  pgfault('redis', 'redis-server 7.0.15', 'Every page fault of redis-server through two background saves.'),
  pgfault('sort', 'sort', 'Every page fault of an external sort.'),
  pgfault('sqlite', 'sqlite3', 'Every page fault of a 200 000-row script.'),
]

function uffd(name: string, test: string, memory: UffdMemory, nrPages: number, description: string): BundledTrace {
  return { name: `uffd/${name}`, file: `${name}.uft.gz`, format: 'uffdtrace', program: `UMap 2.1.0 ${test}`, description, nrPages, memory }
}

function wpsample(name: string, program: string, description: string): BundledTrace {
  return { name: `wpsample/${name}`, file: `${name}.wps.gz`, format: 'wpsample', program, description }
}

function pgfault(name: string, program: string, description: string): BundledTrace {
  return { name: `pgfault/${name}`, file: `${name}.pgf.gz`, format: 'pgfault', program, description }
}

/** The bundled trace of that name, with or without its folder when that is unambiguous (`bfs`, `uffd/bfs`). */
export function findBundledTrace(name: string): BundledTrace | undefined {
  const exact = bundledTraces.find((trace) => trace.name === name)
  if (exact !== undefined) return exact
  const matches = bundledTraces.filter((trace) => trace.name.endsWith(`/${name}`))
  return matches.length === 1 ? matches[0] : undefined
}

/**
 * Where a bundled trace is: a `file:` URL in Node, something to fetch in a browser.
 *
 * @throws RangeError when no bundled trace has that name.
 */
export function bundledTraceUrl(name: string): URL {
  const trace = findBundledTrace(name)
  if (trace === undefined) {
    const names = bundledTraces.map((known) => known.name).join(', ')
    throw new RangeError(`no bundled trace is called "${name}"; expected one of ${names}`)
  }
  // The traces folder is beside src and beside dist, so the same step works from both.
  return new URL(`../../traces/${trace.file}`, import.meta.url)
}

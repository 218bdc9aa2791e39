/**
 * Random operations on memory, files and processes.
 * @module
 */
import { type Advice, type Operation, place, type Range, range } from '@faultline/program'
import { type GeneratorOptions, isHugetlb } from './generate-setup.ts'
import type { World, WorldRegion } from './world.ts'

/** Makes one or more operations, and tells the world what they make. */
export type Maker = (world: World, options: GeneratorOptions) => Operation[]
/** Makers with their weights. */
export type Makers = readonly (readonly [weight: number, maker: Maker])[]

/** The pages of a random part of a mapping. */
export function partOf(world: World, region: WorldRegion): Range {
  const [page, pages] = world.part(region)
  return range(region.name, page, pages)
}

const ADVICE: readonly (readonly [number, Advice])[] = [
  [14, 'dontneed'],
  [10, 'pageout'],
  [6, 'remove'],
  [6, 'free'],
  [8, 'populate_read'],
  [8, 'populate_write'],
  [6, 'collapse'],
  [3, 'hugepage'],
  [2, 'nohugepage'],
  [3, 'cold'],
  [2, 'willneed'],
  [6, 'guard_install'],
  [4, 'guard_remove'],
  [2, 'wipeonfork'],
  [1, 'keeponfork'],
  [1, 'dontfork'],
  [1, 'dofork'],
  [1, 'mergeable'],
  [1, 'unmergeable'],
  [1, 'normal'],
]

/** Threads accesses come from: most from the one that does everything else. */
const THREADS = ['', '', '', 't1', 't2'] as const

function access(world: World, write: boolean): Operation {
  const region = world.region()
  const at = place(region.name, world.page(region))
  const thread = world.random.pick(THREADS)
  const actor = { ...world.actor(), ...(thread === '' ? {} : { thread }) }
  return write ? { op: 'write', at, value: world.random.int(1, 99), ...actor } : { op: 'read', at, ...actor }
}

function remap(world: World): Operation[] {
  const { random } = world
  const region = world.region()
  const whole = random.chance(60)
  const [page, pages] = whole ? ([0, region.pages] as const) : world.part(region)
  const newPages = random.weighted([
    [60, pages],
    [20, Math.max(1, pages - 1)],
    [20, pages + (isHugetlb(region.memory) ? 1 : 3)],
  ] as const)
  const dontUnmap = random.chance(20)
  const mayMove = dontUnmap || random.chance(85)
  // Without a target the kernel may choose: then the place is only the same on both systems when it is a place of the program's.
  const name = world.fresh('M')
  // Over a mapping with room: what lies beyond the last region is where both systems put the next.
  const roomy = world.regions.filter((each) => each.pages >= newPages)
  const target = random.chance(12) && mayMove && roomy.length > 0 ? random.pick(roomy) : undefined
  if (whole && !dontUnmap && mayMove) region.gone = random.chance(70)
  world.regions.push({
    name,
    memory: region.memory,
    pages: newPages,
    file: region.file,
    uffd: random.chance(30) ? region.uffd : null,
    gone: false,
  })
  return [
    {
      op: 'mremap',
      range: range(region.name, page, pages),
      newPages,
      region: name,
      mayMove,
      dontUnmap,
      ...world.actor(),
      ...(target === undefined ? {} : { to: place(target.name) }),
    },
  ]
}

const EVERY_CATEGORY = 0x1ff

/** Asks for categories that a system does not know about as often as other arguments are wrong. */
function scan(world: World, { scanCategories = EVERY_CATEGORY }: GeneratorOptions): Operation {
  const { random } = world
  const whole = scanCategories === 0 || scanCategories === EVERY_CATEGORY || random.chance(5)
  const known = whole ? EVERY_CATEGORY : scanCategories
  const region = world.watched()
  const category = (): number =>
    known &
    random.weighted([
      [60, 0],
      [8, 2],
      [6, 1],
      [6, 8],
      [6, 16],
      [4, 4],
      [4, 32],
      [3, 64],
      [3, 256],
    ] as const)
  const arm = random.chance(60)
  return {
    op: 'scan',
    range: random.chance(60) ? range(region.name, 0, region.pages) : partOf(world, region),
    flags: arm ? random.pick([1, 1, 3]) : random.pick([0, 0, 2]),
    inverted: random.chance(20) ? category() : 0,
    mask: random.chance(50) ? 2 : category(),
    anyof: category(),
    returned: known & random.pick([0x1ff, 0x1ff, 2, 0x1fe, 0]),
    maxPages: random.chance(15) ? random.int(1, 4) : 0,
    vecLen: random.pick([32, 32, 32, 3, 1, 0]),
    ...world.actor(),
  }
}

function remapFixed(world: World): Operation {
  const { random } = world
  const region = world.region()
  const [page, part] = world.part(region)
  // New files of many huge pages would take or reserve them all.
  const pages = isHugetlb(region.memory) ? Math.min(part, 6) : part
  const name = world.fresh('R')
  world.regions.push({ name, memory: region.memory, pages, file: null, uffd: null, gone: false })
  return {
    op: 'mmap',
    region: name,
    pages,
    memory: region.memory,
    prot: 'rw',
    at: place(region.name, page),
    ...(random.chance(30) ? { noreserve: true } : {}),
  }
}

/** Operations on mappings. */
export const MEMORY_MAKERS: Makers = [
  [22, (world) => [access(world, true)]],
  [14, (world) => [access(world, false)]],
  [20, (world) => [{ op: 'madvise', range: partOf(world, world.region()), advice: world.random.weighted(ADVICE), ...world.actor() }]],
  [
    3,
    (world) => [{ op: 'mprotect', range: partOf(world, world.region()), prot: world.random.pick(['r', 'rw', 'rw', '']), ...world.actor() }],
  ],
  [2, (world) => [{ op: 'munmap', range: partOf(world, world.region()), ...world.actor() }]],
  [1, (world) => [remapFixed(world)]],
  [3, remap],
  [6, (world, options) => [scan(world, options)]],
  [1, (world) => [{ op: 'pagemap', range: partOf(world, world.region()), ...world.actor() }]],
  [1, (world) => [{ op: 'status', ...world.actor() }]],
  [1, (world) => [{ op: world.random.pick(['mlock', 'munlock'] as const), range: partOf(world, world.region()), ...world.actor() }]],
  [2, (world) => [{ op: 'reclaim', range: partOf(world, world.region()), ...world.actor() }]],
]

/** Operations on soft-dirty bits: only where both systems have them. */
export const SOFT_DIRTY_MAKERS: Makers = [[8, (world) => [{ op: 'clear_refs', ...world.actor() }]]]

/** Operations on files: only in programs that have one. */
export const FILE_MAKERS: Makers = [
  [
    5,
    (world) => {
      const { random } = world
      const file = random.pick(world.files)
      const page = random.int(0, file.pages - 1)
      const pages = random.chance(40) ? file.pages : random.int(1, Math.max(1, Math.min(6, file.pages - page)))
      return [{ op: 'fallocate', file: file.name, page: pages === file.pages ? 0 : page, pages, punch: random.chance(65) }]
    },
  ],
  [
    3,
    (world) => {
      const { random } = world
      const file = random.pick(world.files)
      const pages = random.chance(40) ? file.pages : random.int(0, file.pages + (file.hugetlb ? 1 : 2))
      return [
        { op: 'ftruncate', file: file.name, pages },
        ...(random.chance(50) ? [{ op: 'ftruncate' as const, file: file.name, pages: file.pages }] : []),
      ]
    },
  ],
]

const MOST_PROCESSES = 3

/** Operations on processes. */
export const PROCESS_MAKERS: Makers = [
  [
    3,
    (world) => {
      const { random, processes } = world
      if (processes.length >= MOST_PROCESSES) return [access(world, true)]
      const child = world.fresh('c')
      const actor = world.actor()
      processes.push(child)
      return [{ op: 'fork', child, ...(random.chance(90) ? {} : actor) }]
    },
  ],
  [
    1,
    (world) => {
      const { random, processes } = world
      const children = processes.slice(1)
      if (children.length === 0) return [access(world, false)]
      const process = random.pick(children)
      processes.splice(processes.indexOf(process), 1)
      return [{ op: 'exit', process }]
    },
  ],
]

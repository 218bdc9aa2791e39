/**
 * How a random program begins: files, mappings, userfaultfds, registrations, monitors.
 * @module
 */
import {
  LEVEL_PTE,
  LEVEL_PUD,
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_MINOR_SHMEM,
  UFFD_FEATURE_MOVE,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_THREAD_ID,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
} from '@faultline/mm-types'
import { type Answer, type Memory, type Operation, place, range } from '@faultline/program'
import type { Random } from './random.ts'
import { PAGES_PER_GIB, type World, type WorldRegion } from './world.ts'

/** What programs are made of. */
export interface GeneratorOptions {
  /** Memory types; each program is mainly about one of them. */
  readonly memories: readonly Memory[]
  /** Operations in a program, those of its beginning included. */
  readonly operations: number
  /** UFFD_FEATURE_* that may be asked for: those that all systems under test offer. */
  readonly features: number
  /** Whether all systems under test show soft-dirty bits: programs then clear them too. */
  readonly softDirty?: boolean
  /** PAGE_IS_* categories that all of them know; those of Linux 6.15 when absent. */
  readonly scanCategories?: number
  /**
   * Above LEVEL_PTE where a design arms what is empty by entries of up to this level: programs are then mainly about mappings that such
   * entries cover wholly, and most begin by arming one.
   */
  readonly wholeLevel?: number
}

/** Whether pages of a memory type are huge. */
export function isHugetlb(memory: Memory): boolean {
  return memory === 'hugetlb' || memory === 'hugetlb-private'
}

const EVENTS = [UFFD_FEATURE_EVENT_FORK, UFFD_FEATURE_EVENT_REMAP, UFFD_FEATURE_EVENT_REMOVE, UFFD_FEATURE_EVENT_UNMAP]
/** The mapping of the same file that keeps its own copies, or does not. */
const COUNTERPART: Readonly<Record<Memory, Memory>> = {
  anon: 'anon',
  shmem: 'shmem-private',
  'shmem-private': 'shmem',
  hugetlb: 'hugetlb-private',
  'hugetlb-private': 'hugetlb',
}

/** The first operations of a program; `world` learns what they make. */
export function generateSetup(world: World, options: GeneratorOptions): Operation[] {
  const { random } = world
  const memory = random.pick(options.memories)
  const { wholeLevel = LEVEL_PTE } = options
  const isWide = wholeLevel >= LEVEL_PUD && random.chance(20)
  const operations = isWide ? wideMappings(world, memory) : mappings(world, memory, wholeLevel)
  if (random.chance(25)) operations.push(...mappings(world, random.pick(options.memories), wholeLevel))
  const watchers = random.weighted([
    [8, 0],
    [80, 1],
    [12, 2],
  ] as const)
  for (let i = 0; i < watchers; i++) operations.push(...watcher(world, options.features, wholeLevel))
  const [first] = world.regions
  if (wholeLevel !== LEVEL_PTE && first?.uffd && random.chance(80))
    operations.push({ op: 'writeprotect', uffd: first.uffd, range: range(first.name, 0, first.pages), mode: 1 })
  return operations
}

/** Huge pages of 2 MiB under one table of pmds: what hugetlb mappings of one file may share. */
const GIB = 512

/**
 * Two or three mappings of a whole GiB of one hugetlb file, which share a table of pmds where they may. The file is short, so that few
 * huge pages are ever taken: what lies beyond its end is refused, though not to UFFDIO_COPY in a private mapping, which stays small.
 */
function gibMappings(world: World): Operation[] {
  const { random } = world
  const file = world.fresh('F')
  const pages = random.int(1, 4)
  world.files.push({ name: file, pages, hugetlb: true })
  const operations: Operation[] = [{ op: 'file', file, pages, hugeShift: 21 }]
  for (let i = random.int(2, 3); i > 0; i--) {
    const shared = random.chance(85)
    const one = mapping(world, shared ? 'hugetlb' : 'hugetlb-private', shared ? GIB : pages, file)
    operations.push({ ...one, noreserve: true } as Operation)
    // Most of what happens there concerns its first pages.
    const known = world.regions[world.regions.length - 1]!
    if (shared && random.chance(60)) world.regions.splice(-1, 1, { ...known, pages: pages + random.int(0, 2) })
  }
  return [...operations, { op: 'ftruncate', file, pages }]
}

/**
 * A mapping of small pages that covers a whole GiB, and often more; it begins at one, since it is the first. Its file is short, so that
 * few pages are ever taken.
 */
function wideMappings(world: World, memory: Memory): Operation[] {
  const { random } = world
  if (memory === 'hugetlb') return gibMappings(world)
  if (memory === 'hugetlb-private') return mappings(world, memory, LEVEL_PUD)
  const pages = random.pick([PAGES_PER_GIB, PAGES_PER_GIB + 520, 2 * PAGES_PER_GIB])
  if (memory === 'anon') return [mapping(world, memory, pages, null)]
  const file = { name: world.fresh('F'), pages: random.pick([4, 520]), hugetlb: false }
  world.files.push(file)
  return [{ op: 'file', file: file.name, pages: file.pages }, mapping(world, memory, pages, file.name)]
}

/** One to three mappings of a memory type: of a file of their own, of one file, or of none. */
function mappings(world: World, memory: Memory, wholeLevel: number): Operation[] {
  const { random } = world
  const hugetlb = isHugetlb(memory)
  if (memory === 'hugetlb' && random.chance(10)) return gibMappings(world)
  const pages = sizeOf(random, hugetlb, wholeLevel)
  const operations: Operation[] = []
  let file: string | null = null
  if (memory !== 'anon' && random.chance(80)) {
    file = world.fresh('F')
    world.files.push({ name: file, pages, hugetlb })
    operations.push({ op: 'file', file, pages, ...(hugetlb ? { hugeShift: 21 as const } : {}) })
  }
  operations.push(mapping(world, memory, pages, file))
  const first = world.regions[world.regions.length - 1]!
  if (file !== null && random.chance(60)) {
    operations.push(mapping(world, random.chance(50) ? memory : COUNTERPART[memory], pages, file))
  }
  // A neighbour without a gap, for ranges that span mappings. It stays within the 2 MiB that both systems leave between regions.
  if (random.chance(12)) operations.push(mapping(world, memory, hugetlb ? 1 : random.pick([1, 4, 16, 33]), null, first))
  if (pages >= 512 && !hugetlb && random.chance(60)) {
    operations.push({ op: 'madvise', range: range(first.name, 0, pages), advice: 'hugepage' })
  }
  return operations
}

function sizeOf(random: Random, hugetlb: boolean, wholeLevel: number): number {
  if (hugetlb) return random.int(1, 4)
  if (wholeLevel !== LEVEL_PTE && random.chance(80)) return random.pick([512, 520, 1024, 1536])
  if (random.chance(22)) return random.pick([512, 520, 1024])
  return random.pick([1, 2, 4, 4, 6, 8, 16, 20, 33])
}

function mapping(world: World, memory: Memory, pages: number, file: string | null, after?: WorldRegion): Operation {
  const { random } = world
  const name = world.fresh('R')
  world.regions.push({ name, memory, pages, file, uffd: null, gone: false })
  const prot = random.weighted([
    [88, 'rw'],
    [8, 'r'],
    [2, ''],
    [2, 'rwx'],
  ] as const)
  return {
    op: 'mmap',
    region: name,
    pages,
    memory,
    prot,
    ...(file === null ? {} : { file }),
    ...(file !== null && random.chance(6) ? { pgoff: 1 } : {}),
    ...(after === undefined ? {} : { at: place(after.name, after.pages) }),
    ...(random.chance(3) ? { noreserve: true } : {}),
  }
}

/** A userfaultfd, its handshake, what it watches and how its monitor answers. */
export function watcher(world: World, offered: number, wholeLevel: number = LEVEL_PTE): Operation[] {
  const { random } = world
  const uffd = world.fresh('u')
  const always = wholeLevel !== LEVEL_PTE && random.chance(80) ? UFFD_FEATURE_WP_UNPOPULATED : 0
  const features = (featuresOf(random) | always) & offered
  world.uffds.push({ name: uffd, features })
  const operations: Operation[] = [
    { op: 'userfaultfd', uffd, flags: random.chance(4) ? 1 : 0 },
    { op: 'api', uffd, features, version: random.chance(1) ? 0xab : 0xaa },
  ]
  for (const region of world.regions) {
    if (region.uffd !== null || random.chance(region === world.regions[0] ? 5 : 55)) continue
    region.uffd = uffd
    operations.push({ op: 'register', uffd, range: range(region.name, 0, region.pages), mode: modeOf(random, region.memory) })
  }
  if (random.chance(65)) operations.push(monitor(random, uffd))
  return operations
}

function featuresOf(random: Random): number {
  let features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_MOVE
  if (random.chance(50)) features |= UFFD_FEATURE_WP_UNPOPULATED
  if (random.chance(25)) features |= UFFD_FEATURE_WP_ASYNC
  if (random.chance(8)) features |= UFFD_FEATURE_SIGBUS
  if (random.chance(15)) features |= UFFD_FEATURE_THREAD_ID
  if (random.chance(15)) features |= UFFD_FEATURE_EXACT_ADDRESS
  if (random.chance(30)) for (const event of EVENTS) if (random.chance(40)) features |= event
  return features
}

/** Bits of UFFDIO_REGISTER: mostly those that the memory type knows. */
export function modeOf(random: Random, memory: Memory): number {
  if (random.chance(3)) return random.int(0, 9)
  if (memory === 'anon' || random.chance(65))
    return random.weighted([
      [55, 2],
      [30, 3],
      [15, 1],
    ] as const)
  return random.weighted([
    [40, 4],
    [40, 6],
    [10, 5],
    [10, 7],
  ] as const)
}

const MISSING: readonly Answer[] = ['copy', 'copy', 'copy-wp', 'zeropage', 'poison', 'none']
const WP: readonly Answer[] = ['unprotect', 'unprotect', 'unprotect', 'none']
const MINOR: readonly Answer[] = ['continue', 'continue', 'continue-wp', 'none']

/** How a monitor answers from now on. */
export function monitor(random: Random, uffd: string): Operation {
  if (random.chance(12)) return { op: 'monitor', uffd, missing: 'none', wp: 'none', minor: 'none' }
  return { op: 'monitor', uffd, missing: random.pick(MISSING), wp: random.pick(WP), minor: random.pick(MINOR) }
}

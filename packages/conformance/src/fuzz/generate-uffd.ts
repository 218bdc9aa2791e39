/**
 * Random operations on userfaultfds.
 * @module
 */
import { type Operation, place, range } from '@faultline/program'
import type { Maker, Makers } from './generate-memory.ts'
import { partOf } from './generate-memory.ts'
import { modeOf, monitor, watcher } from './generate-setup.ts'
import type { World, WorldRegion } from './world.ts'

/** The userfaultfd that goes with a region, or now and then another. */
function uffdOf(world: World, region: WorldRegion): string {
  return region.uffd !== null && !world.random.chance(3) ? region.uffd : world.random.pick(world.uffds).name
}

/** A maker of operations that need a userfaultfd; makes one first where there is none. */
function withUffd(make: (world: World, uffd: string, region: WorldRegion) => Operation[]): Maker {
  return (world, options) => {
    if (world.uffds.length === 0) return watcher(world, options.features)
    const region = world.watched()
    return make(world, uffdOf(world, region), region)
  }
}

function writeProtect(world: World, uffd: string, region: WorldRegion): Operation[] {
  const mode = world.random.weighted([
    [65, 1],
    [30, 0],
    [4, 2],
    [1, 3],
  ] as const)
  return [{ op: 'writeprotect', uffd, range: partOf(world, region), mode }]
}

function fill(world: World, uffd: string, region: WorldRegion): Operation[] {
  const { random } = world
  const kind = random.weighted([
    [40, 'copy'],
    [20, 'zeropage'],
    [region.memory === 'anon' ? 2 : 20, 'continue'],
    [14, 'poison'],
    [10, 'wake'],
  ] as const)
  const part = random.chance(60) ? range(region.name, Math.min(world.page(region), region.pages - 1), 1) : partOf(world, region)
  const mode =
    kind === 'wake'
      ? 0
      : random.weighted([
          [70, 0],
          [kind === 'copy' || kind === 'continue' ? 30 : 1, 2],
          [5, 1],
          [1, 3],
        ] as const)
  return [kind === 'copy' ? { op: 'copy', uffd, range: part, mode, value: random.int(1, 99) } : { op: kind, uffd, range: part, mode }]
}

function move(world: World, uffd: string, region: WorldRegion): Operation[] {
  const { random } = world
  const source = random.chance(50) ? region : world.region()
  const part = random.chance(15) && region.pages >= 512 ? range(region.name, 0, 512) : partOf(world, region)
  return [
    {
      op: 'move',
      uffd,
      range: part,
      from: place(source.name, part.pages === 512 ? 0 : world.page(source)),
      mode: random.weighted([
        [60, 0],
        [35, 2],
        [5, 1],
      ] as const),
    },
  ]
}

/** Operations on userfaultfds. */
export const UFFD_MAKERS: Makers = [
  [16, withUffd(writeProtect)],
  [12, withUffd(fill)],
  [3, withUffd(move)],
  [3, withUffd((world, uffd) => [{ op: 'receive', uffd, ...(world.random.chance(70) ? { child: childOf(world, uffd) } : {}) }])],
  [2, withUffd((world, uffd) => [monitor(world.random, uffd)])],
  [
    2,
    withUffd((world, uffd, region) => [{ op: 'register', uffd, range: partOf(world, region), mode: modeOf(world.random, region.memory) }]),
  ],
  [1, withUffd((world, uffd, region) => [{ op: 'unregister', uffd, range: partOf(world, region) }])],
  [
    1,
    (world, options) => {
      if (world.uffds.length > 2 || world.random.chance(60)) return []
      return watcher(world, options.features)
    },
  ],
  [1, withUffd((world, uffd) => (world.random.chance(40) ? [{ op: 'close', uffd }] : []))],
]

/** A name for the userfaultfd of a child; known from now on, though it may never come to be. */
function childOf(world: World, uffd: string): string {
  const name = world.fresh('u')
  world.uffds.push({ name, features: world.uffds.find((each) => each.name === uffd)?.features ?? 0 })
  return name
}

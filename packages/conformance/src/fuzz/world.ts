/**
 * What a program under construction has made so far, by name; names may outlive what they stand for.
 * @module
 */
import type { Memory } from '@faultline/program'
import type { Random } from './random.ts'

/** Pages of 4 KiB. */
export const PAGES_PER_GIB = 262144
/** Parts of a mapping of a GiB and more: what one entry of each level covers, with and without its edges. */
const WIDE_PARTS: readonly (readonly [page: number, pages: number])[] = [
  [0, PAGES_PER_GIB],
  [0, PAGES_PER_GIB],
  [0, PAGES_PER_GIB / 2],
  [1, PAGES_PER_GIB - 1],
  [512, 1024],
  [PAGES_PER_GIB - 512, 512],
  [PAGES_PER_GIB - 1, 1],
  [0, 512],
]

/** A mapping. */
export interface WorldRegion {
  readonly name: string
  readonly memory: Memory
  readonly pages: number
  readonly file: string | null
  /** The userfaultfd that is meant to watch it. */
  uffd: string | null
  /** Where mremap took it away, accesses would mostly be refused. */
  gone: boolean
}

/** A memory file. */
export interface WorldFile {
  readonly name: string
  readonly pages: number
  readonly hugetlb: boolean
}

/** A userfaultfd and the features it was asked for. */
export interface WorldUffd {
  readonly name: string
  readonly features: number
}

/** The names of a program under construction. */
export class World {
  readonly random: Random
  readonly regions: WorldRegion[] = []
  readonly files: WorldFile[] = []
  readonly uffds: WorldUffd[] = []
  readonly processes: string[] = ['main']
  private counter = 0

  constructor(random: Random) {
    this.random = random
  }

  /** A name that nothing has yet. */
  fresh(prefix: string): string {
    return `${prefix}${++this.counter}`
  }

  /** A mapping: mostly one that is still there, and mostly a watched one. */
  region(): WorldRegion {
    const { random } = this
    const live = this.regions.filter((region) => !region.gone)
    const pool = live.length > 0 && !random.chance(4) ? live : this.regions
    const watched = pool.filter((region) => region.uffd !== null)
    return random.pick(watched.length > 0 && random.chance(65) ? watched : pool)
  }

  /** A watched mapping, where there is one. */
  watched(): WorldRegion {
    const watched = this.regions.filter((region) => region.uffd !== null && !region.gone)
    return watched.length > 0 && !this.random.chance(6) ? this.random.pick(watched) : this.region()
  }

  /** A page of a mapping, its edges and those of tables preferred. */
  page(region: WorldRegion): number {
    const { pages } = region
    const { random } = this
    if (random.chance(1)) return pages + random.int(0, 2)
    if (pages <= 512 || random.chance(50)) return random.int(0, Math.min(pages, pages <= 8 ? pages : 9) - 1)
    return random.pick([0, 1, 15, 16, 17, 511, 512, 513, pages - 1].filter((page) => page < pages))
  }

  /** First page and number of pages of a part of a mapping: often all of it or one page. */
  part(region: WorldRegion): readonly [page: number, pages: number] {
    const { pages } = region
    const { random } = this
    const kind = random.int(0, 9)
    if (pages >= PAGES_PER_GIB && kind < 5) return random.pick(WIDE_PARTS)
    if (kind < 3) return [0, pages]
    if (kind < 4 && pages > 512)
      return random.pick([
        [0, 512],
        [512, pages - 512],
        [0, 511],
        [1, 511],
        [256, 512],
      ] as const)
    const page = Math.min(this.page(region), pages - 1)
    if (kind < 7) return [page, 1]
    const most = Math.min(6, pages - page)
    return [page, random.int(1, Math.max(1, most)) + (random.chance(3) ? 3 : 0)]
  }

  /** Who performs an operation: nearly always the first process. */
  actor(): { readonly process?: string } {
    const { random, processes } = this
    if (processes.length === 1 || random.chance(65)) return {}
    const process = random.pick(processes)
    return process === 'main' ? {} : { process }
  }
}

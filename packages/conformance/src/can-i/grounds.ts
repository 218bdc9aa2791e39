/**
 * What a question is asked about: the kinds of pages.
 * @module
 */
import type { Memory } from '@faultline/program'

/** Kinds of pages that the model has. */
export type PageType = Memory | 'anon-thp'

/** A kind of pages, as the programs of questions set it up. */
export interface Ground {
  readonly name: PageType
  /** What it is, in words. */
  readonly title: string
  /** Pages of a region, in its own page size. */
  readonly pages: number
  /** Lines that map a region, of which no page is there. */
  map(region: string): readonly string[]
  /** The same of a file whose pages are all there, mapped by nobody; undefined where there is no file. */
  readonly mapFull?: (region: string) => readonly string[]
  /** Lines that fill a region. */
  fill(region: string, value: number): readonly string[]
  /** What takes the contents away and says so. */
  readonly discards: 'dontneed' | 'remove'
}

const PAGES = 2
const HUGE = 512

function small(name: Memory, title: string): Ground {
  const huge = name.startsWith('hugetlb') ? ' huge=2M' : ''
  const ground: Ground = {
    name,
    title,
    pages: PAGES,
    map: (region) => [`mmap ${region} ${PAGES} ${name} rw`],
    fill: (region, value) => Array.from({ length: PAGES }, (_, page) => `write ${region}+${page} ${value + page}`),
    discards: name === 'shmem' || name === 'hugetlb' ? 'remove' : 'dontneed',
  }
  if (name === 'anon') return ground
  const mapFull = (region: string) => [`file F ${PAGES}${huge}`, `mmap ${region} ${PAGES} ${name} rw file=F`, `fallocate F 0 ${PAGES}`]
  return { ...ground, mapFull }
}

const thp: Ground = {
  name: 'anon-thp',
  title: 'anonymous memory in transparent huge pages',
  pages: HUGE,
  map: (region) => [`mmap ${region} ${HUGE} anon rw`, `madvise ${region} 0 ${HUGE} hugepage`],
  // Who is told it is one huge page would not be if it were not: the setting of the machine may forbid them.
  fill: (region, value) => [`write ${region} ${value}`, `expect ${region} 0 1 has THP`],
  discards: 'dontneed',
}

/** All of them, in the order tables print them. */
export const GROUNDS: readonly Ground[] = [
  small('anon', 'anonymous memory (MAP_PRIVATE | MAP_ANONYMOUS)'),
  thp,
  small('shmem', 'shared memory: memfd, tmpfs, MAP_SHARED | MAP_ANONYMOUS'),
  small('shmem-private', 'a private mapping of shared memory'),
  small('hugetlb', 'hugetlb, mapped shared'),
  small('hugetlb-private', 'hugetlb, mapped private'),
]

/**
 * Settings of the machine as the kernel shows them in /proc and /sys.
 * @module
 */
import { readFileSync } from 'node:fs'

/** Folder of the settings of transparent huge pages. */
export const THP = '/sys/kernel/mm/transparent_hugepage'
export const NR_HUGEPAGES = '/proc/sys/vm/nr_hugepages'
const GIGANTIC = '/sys/kernel/mm/hugepages/hugepages-1048576kB'
export const NR_GIGANTIC = `${GIGANTIC}/nr_hugepages`

/** The text of a setting without its last line end, or undefined where the kernel has no such file or refuses. */
export function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trimEnd()
  } catch {
    return undefined
  }
}

/** The value of a setting; of a list of words the one in brackets, as in `always [madvise] never`. */
export function currentValue(path: string): string | undefined {
  const text = readSetting(path)
  return text === undefined ? undefined : (/\[([^\]]+)\]/.exec(text)?.[1] ?? text)
}

/** The hugetlb pool of 2 MiB pages: all, and those that mappings have a claim to though nobody has touched them. */
export function hugePages(): { readonly total: number; readonly free: number; readonly reserved: number } {
  const text = readSetting('/proc/meminfo') ?? ''
  const field = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0)
  if (field('Hugepagesize') !== 2048) return { total: 0, free: 0, reserved: 0 }
  return { total: field('HugePages_Total'), free: field('HugePages_Free'), reserved: field('HugePages_Rsvd') }
}

/** Pages of 2 MiB that new mappings can have. */
export function freeHugePages(): number {
  const { free, reserved } = hugePages()
  return free - reserved
}

/** Pages of 1 GiB that new mappings can have. */
export function freeGiganticPages(): number {
  const [free, reserved] = ['free_hugepages', 'resv_hugepages'].map((name) => Number(readSetting(`${GIGANTIC}/${name}`) ?? 0))
  return free! - reserved!
}

/** A swap area; sizes in KiB. */
export interface SwapArea {
  readonly path: string
  /** A file, which huge pages are split for; a device takes them in one piece. */
  readonly isFile: boolean
  readonly size: number
  readonly used: number
}

/** Swap areas in use. */
export function swapAreas(): SwapArea[] {
  const lines = (readSetting('/proc/swaps') ?? '').split('\n').slice(1)
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [path, type, size, used] = line.split(/\s+/)
      return { path: path!, isFile: type === 'file', size: Number(size), used: Number(used) }
    })
}

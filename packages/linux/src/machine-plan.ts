/**
 * What must be changed on the machine so that it can be compared with the model.
 * @module
 */
import { existsSync, readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache-directory.ts'
import type { Change } from './machine-changes.ts'
import {
  currentValue,
  freeGiganticPages,
  freeHugePages,
  hugePages,
  NR_GIGANTIC,
  NR_HUGEPAGES,
  readSetting,
  swapAreas,
  THP,
} from './settings.ts'

/** What programs will use. */
export interface MachineNeeds {
  /** Free pages of 2 MiB in the hugetlb pool; 128 when absent, which is enough for two programs at a time. */
  readonly hugePages?: number
  /** Free pages of 1 GiB; none when absent. Where the machine has no memory for them in one piece, it goes without. */
  readonly giganticPages?: number
  /** Bytes of swap to set up when there is none; 256 MiB when absent, 0 to leave swap alone. */
  readonly swapBytes?: number
}

const MIB = 1024 * 1024
const USUAL_HUGE_PAGES = 128
const USUAL_SWAP = 256 * MIB
/** statfs(2) type of tmpfs, which cannot hold a swap file. */
const TMPFS_MAGIC = 0x01021994
/** An hour, in ms: khugepaged sleeps through a run. */
const KHUGEPAGED_SLEEP = '3600000'

/** Huge pages other than those of 2 MiB, of which the model knows nothing, and those of 2 MiB, which follow the settings above. */
function sizeSettings(): (readonly [path: string, value: string])[] {
  const sizes = existsSync(THP) ? readdirSync(THP).filter((name) => /^hugepages-\d+kB$/.test(name)) : []
  return sizes.flatMap((size) => {
    const value = size === 'hugepages-2048kB' ? 'inherit' : 'never'
    return [[`${THP}/${size}/enabled`, value] as const, [`${THP}/${size}/shmem_enabled`, value] as const]
  })
}

/** The settings the model stands for. Each changes what programs see, or moves pages by itself while they run. */
export const MACHINE_SETTINGS: readonly (readonly [path: string, value: string])[] = [
  [`${THP}/enabled`, 'madvise'],
  [`${THP}/defrag`, 'madvise'],
  [`${THP}/shmem_enabled`, 'never'],
  [`${THP}/khugepaged/scan_sleep_millisecs`, KHUGEPAGED_SLEEP],
  [`${THP}/khugepaged/alloc_sleep_millisecs`, KHUGEPAGED_SLEEP],
  [`${THP}/use_zero_page`, '1'],
  ['/sys/kernel/mm/ksm/run', '0'],
  ['/proc/sys/kernel/numa_balancing', '0'],
]

/** What would have to be changed now. */
export function planMachine(needs: MachineNeeds = {}): Change[] {
  const changes: Change[] = []
  for (const [path, value] of [...MACHINE_SETTINGS, ...sizeSettings()]) {
    const before = currentValue(path)
    if (before !== undefined && before !== value) changes.push({ kind: 'setting', path, value, before })
  }
  changes.push(...poolChange(NR_HUGEPAGES, hugePages().total, (needs.hugePages ?? USUAL_HUGE_PAGES) - freeHugePages()))
  changes.push(...poolChange(NR_GIGANTIC, 0, (needs.giganticPages ?? 0) - freeGiganticPages()))
  const bytes = needs.swapBytes ?? USUAL_SWAP
  if (bytes > 0 && swapAreas().length === 0) changes.push(newSwap(bytes))
  return changes
}

/** `total` may be more than the size that was asked for: pages that the kernel keeps beyond it. */
function poolChange(path: string, total: number, missing: number): Change[] {
  const before = readSetting(path)
  if (missing <= 0 || before === undefined) return []
  return [{ kind: 'pool', path, value: `${Math.max(Number(before), total) + missing}`, before }]
}

/** A file, which must not lie in memory. No device: those take a huge page in one piece, which files, and the model, split first. */
function newSwap(bytes: number): Change {
  const folder = [cacheDirectory(), '/var/tmp'].find((each) => statfsSync(each).type !== TMPFS_MAGIC) ?? cacheDirectory()
  return { kind: 'swap-file', path: join(folder, `faultline-swap-${process.pid}`), bytes }
}

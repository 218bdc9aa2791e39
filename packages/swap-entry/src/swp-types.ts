/**
 * The numbering of swap types, from low to high: swap areas, hwpoison, migration, device, marker.
 *
 * @source v6.18 include/linux/swap.h MAX_SWAPFILES
 * @module
 */
import {
  SOFTLEAF_DEVICE_PRIVATE,
  SOFTLEAF_HWPOISON,
  SOFTLEAF_MARKER,
  SOFTLEAF_MIGRATION,
  SOFTLEAF_SWAP,
  type SoftleafClass,
  type SwpTypes,
  type SwpTypesConfig,
} from '@faultline/mm-types'

/** Swap types that five bits tell apart. @source v6.18 include/linux/swap.h MAX_SWAPFILES_SHIFT */
export const NR_SWP_TYPES = 32

/** The configuration that this model was measured against: page migration and markers, nothing else. */
export const SWP_TYPES_CONFIG: SwpTypesConfig = { migration: true, memoryFailure: false, devicePrivate: false, marker: true }

/**
 * The numbering under a configuration; options left out are those of {@link SWP_TYPES_CONFIG}.
 *
 * Counts are those of Linux 6.15 and later, where device memory takes three types; before 6.15 it took four.
 *
 * @source v6.18 include/linux/swap.h
 */
export function swpTypes(options: Partial<SwpTypesConfig> = {}): SwpTypes {
  const config = { ...SWP_TYPES_CONFIG, ...options }
  const classOf = new Uint8Array(NR_SWP_TYPES).fill(SOFTLEAF_SWAP)
  let next = NR_SWP_TYPES
  // Types are dealt from the top, so each group is asked for in reverse order.
  const take = (enabled: boolean, count: number, softleaf: SoftleafClass): number => {
    if (!enabled) return -1
    classOf.fill(softleaf, next - count, next)
    next -= count
    return next
  }
  const nth = (first: number, n: number): number => (first < 0 ? -1 : first + n)

  const marker = take(config.marker, 1, SOFTLEAF_MARKER)
  const device = take(config.devicePrivate, 3, SOFTLEAF_DEVICE_PRIVATE)
  const migration = take(config.migration, 3, SOFTLEAF_MIGRATION)
  const hwpoison = take(config.memoryFailure, 1, SOFTLEAF_HWPOISON)
  return {
    nrSwapfiles: next,
    hwpoison,
    migrationRead: migration,
    migrationReadExclusive: nth(migration, 1),
    migrationWrite: nth(migration, 2),
    deviceWrite: device,
    deviceRead: nth(device, 1),
    deviceExclusive: nth(device, 2),
    marker,
    classOf,
  }
}

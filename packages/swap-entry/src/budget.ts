/**
 * What each marker encoding takes from an architecture: swap types, swap files, the size of a swap file, bits; and what
 * its word could be mistaken for.
 *
 * @module
 */
import type { SwapPteLayout, SwpTypesConfig } from '@faultline/mm-types'
import type { PteArchitecture } from './architecture.ts'
import {
  type FlagRoom,
  flagRoom,
  readAsSwapEntry,
  type SpecialCodePoint,
  type SwapReading,
  spareSwapBits,
  specialCodePoint,
} from './code-points.ts'
import { layoutMaxSwapPages, layoutPteNone, layoutSwpPteHi, layoutSwpPteLo } from './layout.ts'
import { type EncodingOnLayout, markerEncodings } from './marker/by-layout.ts'
import { NR_SWP_TYPES, swpTypes } from './swp-types.ts'

/** The options of a kernel that take swap types, but for the marker, which depends on the encoding. */
export type BudgetConfig = Omit<SwpTypesConfig, 'marker'>

/** What one encoding takes. */
export interface EncodingBudget {
  readonly encoding: string
  /** False when the architecture has no word left for it; the rest is then that of an encoding that has none. */
  readonly possible: boolean
  /** The write-protect marker, 0 and 0 for none. */
  readonly lo: number
  readonly hi: number
  /** `PTE_MARKER_*` bits that it can carry. */
  readonly bits: number
  readonly swapTypesTaken: number
  /** Swap types that the options and the encoding leave, which is the number of swap files. @source include/linux/swap.h MAX_SWAPFILES */
  readonly swapFiles: number
  /** The same when poison and guard, which this encoding may not carry, keep the pte marker beside it, as in Linux 6.18. */
  readonly swapFilesBesideMarkers: number
  /** What code unaware of the encoding would take the word for; undefined without a word. */
  readonly readAs: SwapReading | undefined
  /** That in words. */
  readonly collision: string
}

/** What an architecture has to give, and what each encoding takes of it. */
export interface ArchitectureBudget {
  readonly architecture: string
  readonly title: string
  /** The options in force: one that cannot be selected is off. */
  readonly config: BudgetConfig
  /** The largest swap file. */
  readonly maxSwapPages: number
  readonly maxSwapBytes: number
  /** The same once swap ptes have a uffd-wp flag: half where that flag has to come out of the offset. */
  readonly maxSwapBytesWithUffdWp: number
  /** Bits of a swap pte without meaning. */
  readonly spareSwapBits: readonly number[]
  readonly flags: readonly FlagRoom[]
  /** The word of a special pte; undefined when none is left. */
  readonly specialCodePoint: SpecialCodePoint | undefined
  /** Is the entry (type 0, offset 0) the none pte? Then only a type from 1 on makes a marker out of an offset of 0. */
  readonly firstEntryIsNone: boolean
  readonly encodings: readonly EncodingBudget[]
}

/** Every combination of the options that an architecture can have, all off first. */
export function budgetConfigs(architecture: PteArchitecture): BudgetConfig[] {
  const all = Array.from({ length: 8 }, (_, n) => ({
    migration: (n & 1) !== 0,
    memoryFailure: (n & 2) !== 0,
    devicePrivate: (n & 4) !== 0,
  }))
  return all.filter((config) => {
    const inForce = possibleConfig(architecture, config)
    return inForce.memoryFailure === config.memoryFailure && inForce.devicePrivate === config.devicePrivate
  })
}

/**
 * The budget of one architecture under one kernel configuration, all four encodings.
 *
 * @source v6.18 include/linux/swap.h MAX_SWAPFILES; v6.12 mm/swapfile.c
 */
export function encodingBudget(architecture: PteArchitecture, config: BudgetConfig): ArchitectureBudget {
  const { swap } = architecture
  const possible = possibleConfig(architecture, config)
  const flags = flagRoom(architecture)
  const pageBytes = 2 ** architecture.present.pageShift
  const maxSwapPages = layoutMaxSwapPages(swap)
  return {
    architecture: architecture.name,
    title: architecture.title,
    config: possible,
    maxSwapPages,
    maxSwapBytes: maxSwapPages * pageBytes,
    maxSwapBytesWithUffdWp: layoutMaxSwapPages(withUffdWp(swap, flags)) * pageBytes,
    spareSwapBits: spareSwapBits(swap),
    flags,
    specialCodePoint: specialCodePoint(swap),
    firstEntryIsNone: layoutPteNone(swap, layoutSwpPteLo(swap, 0, 0), layoutSwpPteHi(swap, 0, 0)),
    encodings: markerEncodings(swap).map((each) => budgetOf(swap, possible, each)),
  }
}

/**
 * The options in force. Device memory needs that memory can be unplugged, and that needs migration.
 *
 * @source v6.12 mm/Kconfig DEVICE_PRIVATE, ZONE_DEVICE, MEMORY_HOTREMOVE
 */
function possibleConfig(architecture: PteArchitecture, config: BudgetConfig): BudgetConfig {
  return {
    migration: config.migration,
    memoryFailure: config.memoryFailure && architecture.memoryFailure,
    devicePrivate: config.devicePrivate && config.migration && architecture.devicePrivate,
  }
}

function withUffdWp(layout: SwapPteLayout, flags: readonly FlagRoom[]): SwapPteLayout {
  const hasRoom = flags.some((f) => f.flag === 'uffd-wp' && (f.swapBit >= 0 || f.freeSwapBit >= 0))
  return hasRoom ? layout : { ...layout, offsetBits: layout.offsetBits - 1 }
}

function budgetOf(layout: SwapPteLayout, config: BudgetConfig, { name, encoding }: EncodingOnLayout): EncodingBudget {
  const swapTypesTaken = encoding?.swapTypesTaken ?? 0
  const hasWord = encoding !== undefined && encoding.bits !== 0
  const readAs = hasWord ? readAsSwapEntry(layout, encoding.wpLo, encoding.wpHi) : undefined
  const swapFiles = swpTypes({ ...config, marker: swapTypesTaken > 0 }).nrSwapfiles
  return {
    encoding: name,
    possible: encoding !== undefined,
    lo: encoding?.wpLo ?? 0,
    hi: encoding?.wpHi ?? 0,
    bits: encoding?.bits ?? 0,
    swapTypesTaken,
    swapFiles,
    swapFilesBesideMarkers: swpTypes({ ...config, marker: true }).nrSwapfiles,
    readAs,
    collision: encoding === undefined ? 'no word is left: without a bit of its own it would be none' : collision(layout, readAs, swapFiles),
  }
}

function collision(layout: SwapPteLayout, readAs: SwapReading | undefined, swapFiles: number): string {
  if (readAs === undefined) return 'nothing'
  const { type, offset, slot } = readAs
  if (type >= swapFiles) return `nothing: type ${type} of ${NR_SWP_TYPES} is no swap file`
  if (slot === 'header') return `the header of swap file ${type}, which is never handed out`
  const slots = `slot ${offset} of swap file ${type}`
  if (slot === 'beyond') return `${slots}, which is beyond the largest file`
  return `${slots}, the last of a file of ${layoutMaxSwapPages(layout)} pages, if the bits above the offset go unread`
}

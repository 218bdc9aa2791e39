/**
 * What one architecture's page-table entries look like, as data; an architecture is an object of these.
 *
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'

/** Where the fields of a present leaf lie; bit numbers count from the least significant bit, -1 stands for none. */
export interface PresentPteLayout {
  /** Bits of the address within a page. */
  readonly pageShift: number
  /** Bits of the address that each level of tables decides, leaf tables first. */
  readonly levelBits: readonly number[]
  /** Lowest bit and width of the frame number. */
  readonly pfnShift: number
  readonly pfnBits: number
  /** The bit that says whether the page may be written. */
  readonly writeBit: number
  /** True when that bit, being set, forbids it. */
  readonly writeInverted: boolean
  readonly accessedBit: number
  readonly dirtyBit: number
  readonly specialBit: number
  readonly uffdWpBit: number
  readonly softDirtyBit: number
  /** Bits that the hardware leaves to software. */
  readonly softwareBits: readonly number[]
  /** Those of them that have a meaning already. */
  readonly takenBits: readonly number[]
  /** Where this layout is defined. */
  readonly source: string
}

/** An architecture, or one page-table format of it, as far as its leaf entries go. */
export interface PteArchitecture {
  /** Short name, as in tables: `arm-short`. */
  readonly name: string
  /** One line for people. */
  readonly title: string
  readonly swap: SwapPteLayout
  readonly present: PresentPteLayout
  /** Can CONFIG_MEMORY_FAILURE be selected? */
  readonly memoryFailure: boolean
  /** Can CONFIG_DEVICE_PRIVATE be selected? It needs memory hot-plug and a virtual memory map. */
  readonly devicePrivate: boolean
}

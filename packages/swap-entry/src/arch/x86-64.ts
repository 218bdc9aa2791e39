/**
 * Non-present ptes of x86-64, as two signed 32-bit words.
 *
 * ```
 *  bit   63..59   58 .................... 9    8   7   6   5   4    3     2    1   0
 *        TYPE     OFFSET, each bit inverted    0   0   -   -   -  excl  uffd  soft  0
 *                                                                       -wp   -dirty
 *  word  hi 31..27, hi 26..0 and lo 31..9      lo 8..0
 * ```
 * Bit 8 would mean PROT_NONE and bit 7 a huge leaf; bits 5 and 6 are left alone because some processors set them by
 * mistake. The offset is inverted so that a small one points to physical memory that does not exist (L1TF).
 *
 * The 50-bit offset is a number: exact, and in integer registers below 2^31. File-private literals, not imports, keep
 * the functions small enough for V8 to inline as constants.
 *
 * @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_entry(), __swp_type(), __swp_offset()
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PresentPteLayout, PteArchitecture } from '../architecture.ts'

const OFFSET_SHIFT = 9
const OFFSET_LO_BITS = 23
const OFFSET_LO_MASK = 0x7fffff
const OFFSET_HI_MASK = 0x7ffffff
const TYPE_HI_SHIFT = 27
const SOFT_DIRTY = 0x2
const UFFD_WP = 0x4
const EXCLUSIVE = 0x8

/** The layout above as data; the same with 4 and with 5 levels of tables. @source v6.18 arch/x86/include/asm/pgtable_64.h */
export const X86_64_SWAP_PTE: SwapPteLayout = {
  name: 'x86-64',
  pteBits: 64,
  entryBits: 64,
  typeShift: 59,
  typeBits: 5,
  offsetShift: OFFSET_SHIFT,
  offsetBits: 50,
  offsetInverted: true,
  exclusiveBit: 3,
  softDirtyBit: 1,
  uffdWpBit: 2,
  setBits: [],
  clearBits: [5, 6, 7],
  presentBits: [0, 8],
  presentNeedsBits: [],
  noneBits: [],
  noneIgnoredBits: [5, 6],
  source: 'v6.18 arch/x86/include/asm/pgtable_64.h',
}

/** Present leaves. Bit 57 was the mark of device memory until 6.16. @source v6.12 arch/x86/include/asm/pgtable_types.h, pgtable_64_types.h */
const PRESENT: PresentPteLayout = {
  pageShift: 12,
  levelBits: [9, 9, 9, 9],
  pfnShift: 12,
  pfnBits: 40,
  writeBit: 1,
  writeInverted: false,
  accessedBit: 5,
  dirtyBit: 6,
  specialBit: 9,
  uffdWpBit: 10,
  softDirtyBit: 11,
  softwareBits: [9, 10, 11, 57, 58],
  takenBits: [9, 10, 11, 58], // 58: dirty, saved while the page is read-only
  source: 'v6.12 arch/x86/include/asm/pgtable_types.h',
}

/** x86-64 with 48-bit addresses. @source v6.12 arch/x86/Kconfig, mm/Kconfig */
export const X86_64: PteArchitecture = {
  name: 'x86-64',
  title: 'x86-64, 4 levels',
  swap: X86_64_SWAP_PTE,
  present: PRESENT,
  memoryFailure: true,
  devicePrivate: true,
}

/** x86-64 with 57-bit addresses: one more level of tables, the leaves unchanged. @source v6.12 arch/x86/include/asm/pgtable_64_types.h */
export const X86_64_5LEVEL: PteArchitecture = {
  ...X86_64,
  name: 'x86-64-5level',
  title: 'x86-64, 5 levels',
  present: { ...PRESENT, levelBits: [9, 9, 9, 9, 9] },
}

/**
 * Low word of the pte of swap entry (type, offset), with no flag set; the type does not reach it.
 *
 * @units type 0..31, offset 0..2^50-1; larger values are cut to their field as the kernel macro does
 * @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_entry()
 */
export function swpPteLo(_type: number, offset: number): number {
  return ~offset << OFFSET_SHIFT // `~` reduces modulo 2^32, so the low 23 bits are right for any offset
}

/**
 * High word of the pte of swap entry (type, offset).
 *
 * @units type 0..31, offset 0..2^50-1; larger values are cut to their field as the kernel macro does
 * @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_entry()
 */
export function swpPteHi(type: number, offset: number): number {
  const above = (offset | 0) === offset ? offset >>> OFFSET_LO_BITS : Math.floor(offset / 0x800000)
  return (type << TYPE_HI_SHIFT) | (~above & OFFSET_HI_MASK)
}

/** Swap type of a non-present pte. @units 0..31 @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_type() */
export function swpType(_lo: number, hi: number): number {
  return hi >>> TYPE_HI_SHIFT
}

/** Swap offset of a non-present pte, flags ignored. @units 0..2^50-1 @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_offset() */
export function swpOffset(lo: number, hi: number): number {
  const below = (~lo >>> OFFSET_SHIFT) & OFFSET_LO_MASK
  const above = ~hi & OFFSET_HI_MASK
  return above < 0x100 ? (above << OFFSET_LO_BITS) | below : above * 0x800000 + below
}

/** Low word with the uffd-wp flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_mkuffd_wp() */
export function pteSwpMkuffdWp(lo: number): number {
  return lo | UFFD_WP
}

/** Low word without the uffd-wp flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_clear_uffd_wp() */
export function pteSwpClearUffdWp(lo: number): number {
  return lo & ~UFFD_WP
}

/** Is the uffd-wp flag set in this non-present pte? @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_uffd_wp() */
export function pteSwpUffdWp(lo: number): boolean {
  return (lo & UFFD_WP) !== 0
}

/** Low word with the soft-dirty flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_mksoft_dirty() */
export function pteSwpMksoftDirty(lo: number): number {
  return lo | SOFT_DIRTY
}

/** Low word without the soft-dirty flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_clear_soft_dirty() */
export function pteSwpClearSoftDirty(lo: number): number {
  return lo & ~SOFT_DIRTY
}

/** Is the soft-dirty flag set in this non-present pte? @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_soft_dirty() */
export function pteSwpSoftDirty(lo: number): boolean {
  return (lo & SOFT_DIRTY) !== 0
}

/** Low word with the exclusive flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_mkexclusive() */
export function pteSwpMkexclusive(lo: number): number {
  return lo | EXCLUSIVE
}

/** Low word without the exclusive flag. @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_clear_exclusive() */
export function pteSwpClearExclusive(lo: number): number {
  return lo & ~EXCLUSIVE
}

/** Is the exclusive flag set in this non-present pte? @source v6.18 arch/x86/include/asm/pgtable.h pte_swp_exclusive() */
export function pteSwpExclusive(lo: number): boolean {
  return (lo & EXCLUSIVE) !== 0
}

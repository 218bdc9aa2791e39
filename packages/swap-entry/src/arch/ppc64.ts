/**
 * Entries of ppc64 (book3s64), with hashed and with radix page tables, pages of 64 KiB and of 4 KiB.
 *
 * ```
 *  bit   63  62  61  60..53   52 ....... 16 (12)    ...   9     8..6   5    4..0
 *        0   1   0   -        OFFSET                -    soft   -     excl  TYPE
 *                                                        -dirty
 * ```
 * Bit 62 marks a leaf; with it, either 63 (present) or 61 (invalid for a moment, while it is being changed) makes the pte
 * present. A hashed table keeps its state in further bits (HPTEFLAGS), strips them from whatever is stored and looks past
 * them in a none pte; a radix table looks past dirty and accessed there.
 *
 * @source v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h, hash.h, hash-4k.h, hash-64k.h, radix.h (6.18's not at hand)
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PresentPteLayout, PteArchitecture } from '../architecture.ts'

/** Physical address bits, hence the top of the frame number. @source v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h _PAGE_PA_MAX */
const PA_BITS = 53

/** RADIX_PTE_NONE_MASK: dirty and accessed. @source v6.12 arch/powerpc/include/asm/book3s/64/radix.h */
const RADIX_NONE = [7, 8]
/** _PAGE_HPTEFLAGS: busy, combo, hashed. @source v6.12 arch/powerpc/include/asm/book3s/64/hash-64k.h */
const HASH_64K_FLAGS = [6, 12, 55]
/** _PAGE_HPTEFLAGS: busy, group index, second group, hashed. @source v6.12 arch/powerpc/include/asm/book3s/64/hash-4k.h */
const HASH_4K_FLAGS = [6, 53, 54, 55, 56, 60]

/** The layout above as data. @source v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h __swp_entry(), pte_present(), PTE_RPN_MASK */
function swapPte(name: string, pageShift: number, clearBits: readonly number[], noneIgnoredBits: readonly number[]): SwapPteLayout {
  return {
    name,
    pteBits: 64,
    entryBits: 64,
    typeShift: 0,
    typeBits: 5,
    offsetShift: pageShift,
    offsetBits: PA_BITS - pageShift,
    offsetInverted: false,
    exclusiveBit: 5,
    softDirtyBit: 9,
    uffdWpBit: -1,
    setBits: [62],
    clearBits,
    presentBits: [61, 63],
    presentNeedsBits: [62],
    noneBits: [],
    noneIgnoredBits,
    source: 'v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h',
  }
}

/** Present leaves. Bit 11 was the mark of device memory until 6.16. @source v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h */
function presentPte(pageShift: number, levelBits: readonly number[]): PresentPteLayout {
  return {
    pageShift,
    levelBits,
    pfnShift: pageShift,
    pfnBits: PA_BITS - pageShift,
    writeBit: 1,
    writeInverted: false,
    accessedBit: 8,
    dirtyBit: 7,
    specialBit: 10,
    uffdWpBit: -1,
    softDirtyBit: 9,
    softwareBits: [9, 10, 11, 61], // _RPAGE_SW3 to _RPAGE_SW0
    takenBits: [9, 10, 61],
    source: 'v6.12 arch/powerpc/include/asm/book3s/64/pgtable.h',
  }
}

/** Hashed tables, 64 KiB pages. @source v6.12 arch/powerpc/include/asm/book3s/64/hash-64k.h; arch/powerpc/Kconfig */
export const PPC64_HASH: PteArchitecture = {
  name: 'ppc64-hash',
  title: 'ppc64, hash, 64 KiB pages',
  swap: swapPte('ppc64-hash', 16, HASH_64K_FLAGS, HASH_64K_FLAGS),
  present: presentPte(16, [8, 10, 10, 8]),
  memoryFailure: true,
  devicePrivate: true,
}

/** Hashed tables, 4 KiB pages. @source v6.12 arch/powerpc/include/asm/book3s/64/hash-4k.h */
export const PPC64_HASH_4K: PteArchitecture = {
  ...PPC64_HASH,
  name: 'ppc64-hash-4k',
  title: 'ppc64, hash, 4 KiB pages',
  swap: swapPte('ppc64-hash-4k', 12, HASH_4K_FLAGS, HASH_4K_FLAGS),
  present: presentPte(12, [9, 7, 9, 9]),
}

/** Radix tables, 64 KiB pages. @source v6.12 arch/powerpc/include/asm/book3s/64/radix-64k.h, radix.h */
export const PPC64_RADIX: PteArchitecture = {
  ...PPC64_HASH,
  name: 'ppc64-radix',
  title: 'ppc64, radix, 64 KiB pages',
  swap: swapPte('ppc64-radix', 16, [], RADIX_NONE),
  present: presentPte(16, [5, 9, 9, 13]),
}

/** Radix tables, 4 KiB pages. @source v6.12 arch/powerpc/include/asm/book3s/64/radix-4k.h */
export const PPC64_RADIX_4K: PteArchitecture = {
  ...PPC64_HASH,
  name: 'ppc64-radix-4k',
  title: 'ppc64, radix, 4 KiB pages',
  swap: swapPte('ppc64-radix-4k', 12, [], RADIX_NONE),
  present: presentPte(12, [9, 9, 9, 13]),
}

/**
 * Entries of 32-bit arm, in both of its formats: short descriptors (32 bits) and LPAE (64 bits).
 *
 * ```
 *  bit   63 ... 32   31 ......... 8    7     6..2   1 0
 *        - (LPAE)    OFFSET           excl   TYPE   0 0
 * ```
 * With short descriptors the kernel keeps two tables, the hardware's and its own; the pte here is its own, and all of its
 * low twelve bits mean something. Swap entries are 32-bit words in both formats, so LPAE writes zeroes above.
 * Until 6.2 there was no exclusive flag and the offset had 25 bits, from bit 7 on: the format of the debate of 2021.
 *
 * @source v6.12 arch/arm/include/asm/pgtable.h, pgtable-2level.h, pgtable-3level.h (6.18's not at hand); v6.1 for the older
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PteArchitecture } from '../architecture.ts'

/**
 * The short format as data. Bit 1 is "young" in a present pte; the format keeps both low bits clear, the hardware's sign of
 * an entry that faults, though pte_present() looks at bit 0 alone.
 *
 * @source v6.12 arch/arm/include/asm/pgtable.h __swp_entry(); pgtable-2level.h L_PTE_SWP_EXCLUSIVE
 */
const SHORT_SWAP_PTE: SwapPteLayout = {
  name: 'arm-short',
  pteBits: 32,
  entryBits: 32,
  typeShift: 2,
  typeBits: 5,
  offsetShift: 8,
  offsetBits: 24,
  offsetInverted: false,
  exclusiveBit: 7,
  softDirtyBit: -1,
  uffdWpBit: -1,
  setBits: [],
  clearBits: [1],
  presentBits: [0],
  presentNeedsBits: [],
  noneBits: [],
  noneIgnoredBits: [],
  source: 'v6.12 arch/arm/include/asm/pgtable.h, pgtable-2level.h',
}

/** arm with short descriptors: 2048 entries of 2 MiB over tables of 512. @source v6.12 arch/arm/include/asm/pgtable-2level.h */
export const ARM_SHORT: PteArchitecture = {
  name: 'arm-short',
  title: 'arm, short descriptors',
  swap: SHORT_SWAP_PTE,
  present: {
    pageShift: 12,
    levelBits: [9, 11],
    pfnShift: 12,
    pfnBits: 20,
    writeBit: 7,
    writeInverted: true,
    accessedBit: 1,
    dirtyBit: 6,
    specialBit: -1,
    uffdWpBit: -1,
    softDirtyBit: -1,
    softwareBits: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    takenBits: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], // 2 to 5 are the memory type
    source: 'v6.12 arch/arm/include/asm/pgtable-2level.h',
  },
  memoryFailure: false,
  devicePrivate: false,
}

/** arm with short descriptors before the exclusive flag, as it was when the encodings were argued over. @source v6.1 arch/arm/include/asm/pgtable.h */
export const ARM_SHORT_6_1: PteArchitecture = {
  ...ARM_SHORT,
  name: 'arm-short-6.1',
  title: 'arm, short descriptors, until 6.2',
  swap: {
    ...SHORT_SWAP_PTE,
    name: 'arm-short-6.1',
    offsetShift: 7,
    offsetBits: 25,
    exclusiveBit: -1,
    source: 'v6.1 arch/arm/include/asm/pgtable.h',
  },
}

/** arm with LPAE. Hardware ignores 59 to 63 and leaves 55 to 58 to software (ARM DDI 0406C, B3.6.2). @source v6.12 arch/arm/include/asm/pgtable-3level.h */
export const ARM_LPAE: PteArchitecture = {
  name: 'arm-lpae',
  title: 'arm, LPAE',
  swap: {
    ...SHORT_SWAP_PTE,
    name: 'arm-lpae',
    pteBits: 64,
    clearBits: [],
    presentBits: [0, 1],
    source: 'v6.12 arch/arm/include/asm/pgtable.h, pgtable-3level.h',
  },
  present: {
    pageShift: 12,
    levelBits: [9, 9, 2],
    pfnShift: 12,
    pfnBits: 28,
    writeBit: 58,
    writeInverted: true,
    accessedBit: 10,
    dirtyBit: 55,
    specialBit: 56,
    uffdWpBit: -1,
    softDirtyBit: -1,
    softwareBits: [55, 56, 57, 58, 59, 60, 61, 62, 63],
    takenBits: [55, 56, 57, 58], // 57 is PROT_NONE
    source: 'v6.12 arch/arm/include/asm/pgtable-3level.h, pgtable-3level-hwdef.h',
  },
  memoryFailure: false,
  devicePrivate: false,
}

/**
 * Entries of s390x. IBM counts bits from the left; here, as everywhere, bit 0 is the least significant.
 *
 * ```
 *  bit   63 ......... 12   11    10  9   8 7   6..2    1     0
 *        OFFSET            excl  1   1   - -   TYPE   soft   0
 *                                                     -dirty
 * ```
 * Bits 10 (invalid) and 9 (protected) are set, and bit 0 (present) is clear: (pte & 0x201) == 0x200. A none pte is not
 * zero but 0x400.
 *
 * @source v6.12 arch/s390/include/asm/pgtable.h (6.18's not at hand; the part quoted here reads the same in mid-2025)
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PteArchitecture } from '../architecture.ts'

/** The layout above as data. @source v6.12 arch/s390/include/asm/pgtable.h mk_swap_pte(), pte_swap(), pte_none() */
const S390X_SWAP_PTE: SwapPteLayout = {
  name: 's390x',
  pteBits: 64,
  entryBits: 64,
  typeShift: 2,
  typeBits: 5,
  offsetShift: 12,
  offsetBits: 52,
  offsetInverted: false,
  exclusiveBit: 11,
  softDirtyBit: 1,
  uffdWpBit: -1,
  setBits: [9, 10],
  clearBits: [],
  presentBits: [0],
  presentNeedsBits: [],
  noneBits: [10],
  noneIgnoredBits: [],
  source: 'v6.12 arch/s390/include/asm/pgtable.h',
}

/**
 * s390x. Leaf tables have 256 entries, the others 2048. Device memory could be selected since it needs no pte bit (6.17).
 *
 * @source v6.12 arch/s390/include/asm/pgtable.h _PAGE_ENTRIES, _CRST_ENTRIES; arch/s390/Kconfig
 */
export const S390X: PteArchitecture = {
  name: 's390x',
  title: 's390x',
  swap: S390X_SWAP_PTE,
  present: {
    pageShift: 12,
    levelBits: [8, 11, 11, 11, 11],
    pfnShift: 12,
    pfnBits: 52,
    writeBit: 5,
    writeInverted: false,
    accessedBit: 2,
    dirtyBit: 3,
    specialBit: 6,
    uffdWpBit: -1,
    softDirtyBit: 1,
    softwareBits: [0, 1, 2, 3, 4, 5, 6, 7], // _PAGE_SW_BITS
    takenBits: [0, 1, 2, 3, 4, 5, 6, 7], // 4 is "readable", 7 the state of a guest's page
    source: 'v6.12 arch/s390/include/asm/pgtable.h',
  },
  memoryFailure: false,
  devicePrivate: true,
}

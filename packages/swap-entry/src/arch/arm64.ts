/**
 * Entries of arm64.
 *
 * ```
 *  bit   63 62   61 ......... 12   11   10..6   5 4    3     2    1 0
 *        -  -    OFFSET            0    TYPE    - -   uffd  excl  0 0
 *                                                     -wp
 * ```
 * Bit 11 without bit 0 is an entry that only software takes for present (PROT_NONE). The same with pages of 4, 16 and
 * 64 KiB; the table of present leaves is that of 4 KiB pages, 48-bit addresses.
 *
 * @source v6.12 arch/arm64/include/asm/pgtable.h, pgtable-prot.h, pgtable-hwdef.h (6.18's not at hand)
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PteArchitecture } from '../architecture.ts'

/** The layout above as data. @source v6.12 arch/arm64/include/asm/pgtable.h __swp_entry(); pgtable-prot.h PTE_SWP_UFFD_WP */
const ARM64_SWAP_PTE: SwapPteLayout = {
  name: 'arm64',
  pteBits: 64,
  entryBits: 64,
  typeShift: 6,
  typeBits: 5,
  offsetShift: 12,
  offsetBits: 50,
  offsetInverted: false,
  exclusiveBit: 2,
  softDirtyBit: -1,
  uffdWpBit: 3,
  setBits: [],
  clearBits: [1],
  presentBits: [0, 11], // PTE_VALID, PTE_PRESENT_INVALID
  presentNeedsBits: [],
  noneBits: [],
  noneIgnoredBits: [],
  source: 'v6.12 arch/arm64/include/asm/pgtable.h',
}

/** arm64 with 4 KiB pages. @source v6.12 arch/arm64/Kconfig */
export const ARM64: PteArchitecture = {
  name: 'arm64',
  title: 'arm64, 4 KiB pages, 4 levels',
  swap: ARM64_SWAP_PTE,
  present: {
    pageShift: 12,
    levelBits: [9, 9, 9, 9],
    pfnShift: 12,
    pfnBits: 36,
    writeBit: 51, // PTE_WRITE; the hardware's read-only bit is 7
    writeInverted: false,
    accessedBit: 10,
    dirtyBit: 55,
    specialBit: 56,
    uffdWpBit: 58,
    softDirtyBit: -1,
    softwareBits: [55, 56, 57, 58, 63], // PTE_SWBITS_MASK
    takenBits: [55, 56, 58], // 57 was the mark of device memory until 6.16
    source: 'v6.12 arch/arm64/include/asm/pgtable-prot.h, pgtable-hwdef.h',
  },
  memoryFailure: true,
  devicePrivate: true,
}

/**
 * Entries of i386 with PAE: 64-bit ptes, but swap entries in 32-bit words.
 *
 * ```
 *  bit   63..59   58 .................... 9    8   7   6   5   4 .. 1   0
 *        TYPE     OFFSET, each bit inverted    0  excl 0   0   -        0
 * ```
 * As on x86-64, but for the exclusive flag in bit 7. The pte has room for 50 bits of offset, the architecture's swap
 * entry for 27 and the kernel's own for 26; the bits above are those of an offset that is small, all set.
 *
 * @source v6.12 arch/x86/include/asm/pgtable-3level.h, pgtable_types.h (6.18's not at hand)
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PteArchitecture } from '../architecture.ts'

/** The layout above as data. @source v6.12 arch/x86/include/asm/pgtable-3level.h __swp_pteval_entry(), _PAGE_SWP_EXCLUSIVE */
const I386_PAE_SWAP_PTE: SwapPteLayout = {
  name: 'i386-pae',
  pteBits: 64,
  entryBits: 32,
  typeShift: 59,
  typeBits: 5,
  offsetShift: 9,
  offsetBits: 50,
  offsetInverted: true,
  exclusiveBit: 7,
  softDirtyBit: -1, // HAVE_ARCH_SOFT_DIRTY is selected by X86_64 alone
  uffdWpBit: -1, // and so is HAVE_ARCH_USERFAULTFD_WP
  setBits: [],
  clearBits: [5, 6],
  presentBits: [0, 8],
  presentNeedsBits: [],
  noneBits: [],
  noneIgnoredBits: [5, 6],
  source: 'v6.12 arch/x86/include/asm/pgtable-3level.h',
}

/** i386 with PAE. Memory failure needs a kernel without SPARSEMEM. @source v6.12 arch/x86/Kconfig X86_SUPPORTS_MEMORY_FAILURE */
export const I386_PAE: PteArchitecture = {
  name: 'i386-pae',
  title: 'i386 with PAE',
  swap: I386_PAE_SWAP_PTE,
  present: {
    pageShift: 12,
    levelBits: [9, 9, 2],
    pfnShift: 12,
    pfnBits: 40,
    writeBit: 1,
    writeInverted: false,
    accessedBit: 5,
    dirtyBit: 6,
    specialBit: 9,
    uffdWpBit: -1,
    softDirtyBit: -1,
    softwareBits: [9, 10, 11],
    takenBits: [9, 10], // 10, uffd-wp on x86-64, keeps dirty while the page is read-only
    source: 'v6.12 arch/x86/include/asm/pgtable_types.h, pgtable-3level_types.h, page_32_types.h',
  },
  memoryFailure: true,
  devicePrivate: false,
}

/**
 * Entries of riscv64.
 *
 * ```
 *  bit   63 ......... 12   11..7   6     5   4        3         2 1   0
 *        OFFSET            TYPE   excl   0   -        0         0 0   0
 *        with Svrsw60t59b                    uffd-wp  soft-dirty
 * ```
 * Bit 5 would mean PROT_NONE; bits 1 to 3 are the permissions, and a pmd with any of them set counts as present. The
 * extension Svrsw60t59b gives bits 59 and 60 of present leaves to software; with it, kernels later than 6.18 have both
 * uffd-wp and soft-dirty, and put the latter into bit 3 of a swap pte.
 *
 * @source v6.12 arch/riscv/include/asm/pgtable.h, pgtable-bits.h (6.18's not at hand)
 * @module
 */
import type { SwapPteLayout } from '@faultline/mm-types'
import type { PresentPteLayout, PteArchitecture } from '../architecture.ts'

/** The layout above as data. @source v6.12 arch/riscv/include/asm/pgtable.h __swp_entry() */
const RISCV64_SWAP_PTE: SwapPteLayout = {
  name: 'riscv64',
  pteBits: 64,
  entryBits: 64,
  typeShift: 7,
  typeBits: 5,
  offsetShift: 12,
  offsetBits: 52,
  offsetInverted: false,
  exclusiveBit: 6,
  softDirtyBit: -1,
  uffdWpBit: -1,
  setBits: [],
  clearBits: [1, 2, 3],
  presentBits: [0, 5],
  presentNeedsBits: [],
  noneBits: [],
  noneIgnoredBits: [],
  source: 'v6.12 arch/riscv/include/asm/pgtable.h',
}

/** Present leaves. Bit 9 was the mark of device memory until 6.16. @source v6.12 arch/riscv/include/asm/pgtable-bits.h, pgtable-64.h */
const PRESENT: PresentPteLayout = {
  pageShift: 12,
  levelBits: [9, 9, 9, 9, 9],
  pfnShift: 10,
  pfnBits: 44,
  writeBit: 2,
  writeInverted: false,
  accessedBit: 6,
  dirtyBit: 7,
  specialBit: 8,
  uffdWpBit: -1,
  softDirtyBit: -1,
  softwareBits: [8, 9],
  takenBits: [8],
  source: 'v6.12 arch/riscv/include/asm/pgtable-bits.h, pgtable-64.h',
}

/** riscv64, Sv57; Sv48 and Sv39 leave out the topmost levels. @source v6.12 arch/riscv/Kconfig */
export const RISCV64: PteArchitecture = {
  name: 'riscv64',
  title: 'riscv64, up to 5 levels',
  swap: RISCV64_SWAP_PTE,
  present: PRESENT,
  memoryFailure: false,
  devicePrivate: true,
}

/** riscv64 with two more software bits. @source later than v6.18: arch/riscv/include/asm/pgtable-bits.h, RISCV_ISA_EXT_SVRSW60T59B */
export const RISCV64_SVRSW60T59B: PteArchitecture = {
  ...RISCV64,
  name: 'riscv64-svrsw60t59b',
  title: 'riscv64 with Svrsw60t59b, after 6.18',
  swap: {
    ...RISCV64_SWAP_PTE,
    name: 'riscv64-svrsw60t59b',
    softDirtyBit: 3,
    uffdWpBit: 4,
    clearBits: [1, 2],
    source: 'later than v6.18: arch/riscv/include/asm/pgtable-bits.h',
  },
  present: {
    ...PRESENT,
    uffdWpBit: 60,
    softDirtyBit: 59,
    softwareBits: [8, 9, 59, 60],
    takenBits: [8, 59, 60],
    source: 'later than v6.18: arch/riscv/include/asm/pgtable-bits.h',
  },
}

/**
 * Non-present ptes bit for bit as Linux has them: layout, swap types, classification and the four marker encodings,
 * fast for x86-64 and as data for every architecture of interest.
 *
 * @module
 */
export { ARM_LPAE, ARM_SHORT, ARM_SHORT_6_1 } from './arch/arm.ts'
export { ARM64 } from './arch/arm64.ts'
export { I386_PAE } from './arch/i386-pae.ts'
export { PPC64_HASH, PPC64_HASH_4K, PPC64_RADIX, PPC64_RADIX_4K } from './arch/ppc64.ts'
export { RISCV64, RISCV64_SVRSW60T59B } from './arch/riscv64.ts'
export { S390X } from './arch/s390x.ts'
export {
  pteSwpClearExclusive,
  pteSwpClearSoftDirty,
  pteSwpClearUffdWp,
  pteSwpExclusive,
  pteSwpMkexclusive,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  swpOffset,
  swpPteHi,
  swpPteLo,
  swpType,
  X86_64,
  X86_64_5LEVEL,
  X86_64_SWAP_PTE,
} from './arch/x86-64.ts'
export type { PresentPteLayout, PteArchitecture } from './architecture.ts'
export { ARCHITECTURES } from './architectures.ts'
export { type ArchitectureBudget, type BudgetConfig, budgetConfigs, type EncodingBudget, encodingBudget } from './budget.ts'
export { classify } from './classify.ts'
export {
  type FlagRoom,
  flagRoom,
  readAsSwapEntry,
  type SpecialCodePoint,
  type SwapReading,
  spareSwapBits,
  specialCodePoint,
} from './code-points.ts'
export {
  layoutClassify,
  layoutMaxSwapPages,
  layoutOffsetBits,
  layoutPteNone,
  layoutPtePresent,
  layoutSwpOffset,
  layoutSwpPteHi,
  layoutSwpPteLo,
  layoutSwpType,
} from './layout.ts'
export { type EncodingOnLayout, markerEncodings } from './marker/by-layout.ts'
export { noMarker } from './marker/none.ts'
export { pteMarker } from './marker/pte-marker.ts'
export { pteMarkerNoWp } from './marker/pte-marker-no-wp.ts'
export { specialPte } from './marker/special-pte.ts'
export { swapType1 } from './marker/swap-type-1.ts'
export { NR_SWP_TYPES, SWP_TYPES_CONFIG, swpTypes } from './swp-types.ts'

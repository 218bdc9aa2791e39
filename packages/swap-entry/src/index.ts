/**
 * Non-present ptes bit for bit as Linux has them: layout, swap types, classification and the four marker encodings.
 *
 * @module
 */
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
  X86_64_SWAP_PTE,
} from './arch/x86-64.ts'
export { classify } from './classify.ts'
export { layoutSwpOffset, layoutSwpPteHi, layoutSwpPteLo, layoutSwpType } from './layout.ts'
export { noMarker } from './marker/none.ts'
export { pteMarker } from './marker/pte-marker.ts'
export { specialPte } from './marker/special-pte.ts'
export { swapType1 } from './marker/swap-type-1.ts'
export { NR_SWP_TYPES, SWP_TYPES_CONFIG, swpTypes } from './swp-types.ts'

/**
 * Designs: presets of real and proposed kernels, and the composition of a model from one.
 * @module
 */
export { allDesigns, designs, findDesign, ideas } from './catalog.ts'
export { checkDesign } from './check.ts'
export {
  hughSwpType,
  linux57,
  linux61,
  linux64,
  linux67,
  linux519,
  linux612,
  linux618,
  linux618SoftDirty,
  rfc202101,
  wpZeropageV1,
} from './history.ts'
export { splitOnWrite, splitWhenArmed, wholePage } from './huge-wp.ts'
export { noPersistence, oracle, pmdMarker, pudMarker } from './ideas.ts'
export { hugeZeroPageArming, twoMarkersArming, zeropageForbidden } from './ideas-arming.ts'
export { sharedTables, sharedTablesUntilProtected, unsharedTables, zapsDrop, zapsKeepOverTruncate } from './ideas-files.ts'
export { blindCollapse, hugeSplitWhenArmed, hugeWholePage, neverCollapse, oldRetraction, perVmaCollapse } from './ideas-huge.ts'
export { linux618Sync, mprotectSigsegv, softDirty } from './ideas-trackers.ts'
export { type InterfaceName, interfaceMismatch } from './interface.ts'
export { composeKernel, createModel, type ModelSettings, modelBackends } from './model.ts'
export { LINUX_ANOMALIES } from './parts.ts'
export { sharedRegardless, sharedUntilProtected, sharingForbidden, unsharedAtRegister } from './pmd-sharing.ts'
export { linuxRelease, presetOf, RELEASES, TURNING_POINTS } from './release.ts'
export type { Mismatch } from './shape.ts'
export {
  flushBatched,
  flushDeferred,
  flushDeferred57,
  flushDeferred62,
  flushDeferred519,
  flushDeferredFixed,
  flushDeferredKeepsWrite,
  flushPerPte,
  tlbPolicies,
} from './tlb.ts'
export { zapDropped, zapKept, zapKeptOverTruncate } from './zap.ts'

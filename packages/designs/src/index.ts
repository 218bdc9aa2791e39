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
export { noPersistence, oracle } from './ideas.ts'
export { hugeZeroPageArming, zeropageForbidden } from './ideas-arming.ts'
export { composeKernel, createModel, type ModelSettings } from './model.ts'
export { flushBatched, LINUX_ANOMALIES, sharingForbidden, splitOnWrite } from './parts.ts'
export { zapDropped, zapKept } from './zap.ts'

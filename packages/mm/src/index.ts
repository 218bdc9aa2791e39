/**
 * The composed kernel: vmas, address spaces, the fault path, zap, fork and the system calls, and the model as a System.
 * @module
 */
export { access, retryStore, translate } from './access.ts'
export { ACCESS_LIVELOCK, ACCESS_WAITS, type AccessRequest } from './access-request.ts'
export { pageState } from './calls/pagemap.ts'
export type { ScanRequest, ScanResult } from './calls/scan-output.ts'
export { clearRefs } from './clear-refs.ts'
export { handleFault } from './fault.ts'
export { NOT_MODELLED, type NotModelled } from './fidelity.ts'
export { DEFAULT_SETTINGS, type KernelParts, SimulatedKernel } from './kernel.ts'
export type { ComposedKernel } from './laboratory.ts'
export { ModelSession } from './model-session.ts'
export { type ModelSystem, modelSystem } from './model-system.ts'
export { MONITOR_STAMP } from './monitors.ts'
export type { AddressSpace, Flush, Kernel, KernelSettings, Privilege } from './objects.ts'

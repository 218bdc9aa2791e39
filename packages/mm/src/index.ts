/**
 * The composed kernel: vmas, address spaces, the fault path, zap, fork and the system calls, and the model as a System.
 * @module
 */
export { ACCESS_LIVELOCK, ACCESS_WAITS, type AccessRequest, access } from './access.ts'
export { AddressSpace } from './address-space.ts'
export { MONITOR_STAMP } from './blocked.ts'
export { pageState } from './calls/pagemap.ts'
export type { ScanRequest, ScanResult } from './calls/scan-output.ts'
export { DEFAULT_SETTINGS, Kernel, type KernelParts, type KernelSettings } from './kernel.ts'
export { ModelSession } from './model-session.ts'
export { type ComposedKernel, type ModelSystem, modelSystem } from './model-system.ts'

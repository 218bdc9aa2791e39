/**
 * The contracts of Faultline: constants of the kernel's interface, and one interface for every question people argue
 * about. Imports nothing.
 * @module
 */
export * from './arming.ts'
export * from './backend.ts'
export * from './call-support.ts'
export * from './collapse.ts'
export * from './design.ts'
export * from './encoding.ts'
export * from './errno.ts'
export * from './frame.ts'
export * from './huge-wp.ts'
export * from './machine.ts'
export * from './mman.ts'
export * from './objects.ts'
export * from './pagemap.ts'
export * from './pmd-sharing.ts'
export * from './pte.ts'
export * from './scan-result.ts'
export * from './tlb-policy.ts'
export * from './tracker.ts'
export * from './uffd.ts'
export * from './uffd-calls.ts'
export * from './uffd-hooks.ts'
export * from './uffd-host.ts'
export * from './vm-flags.ts'
export * from './zap.ts'

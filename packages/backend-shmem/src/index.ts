/**
 * Shared memory files (tmpfs, memfd): a page cache whose pages can go to swap, with holes and truncation.
 * @module
 */

export { faultShmem } from './fault.ts'
export { addPage, findPage, hasPage, reclaimPage, removePages } from './page-cache.ts'
export { shmemBackend } from './shmem-backend.ts'

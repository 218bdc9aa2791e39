/**
 * Anonymous memory: the zero page, new pages, copy-on-write, swap.
 * @module
 */
export { anonBackend } from './anon-backend.ts'
export { allocateCopy, copyContents, copyOnWrite, installCopy, reusePage } from './copy-on-write.ts'
export { faultAnon } from './fault.ts'
export { swapIn, swapOutEntry } from './swap.ts'

/**
 * The shmem backend, put together.
 * @module
 */
import type { FileBackend } from '@faultline/mm-types'
import { faultShmem } from './fault.ts'
import { addPage, findPage, hasPage, reclaimPage, removePages } from './page-cache.ts'

/** Pages mapped around a read fault of a file page that nobody watches. @source mm/memory.c fault_around_pages (64 KiB) */
const FAULT_AROUND_PAGES = 16

/** Shared memory as Linux has it. */
export const shmemBackend: FileBackend = {
  name: 'shmem',
  fault: (fault) => faultShmem(fault, FAULT_AROUND_PAGES),
  findPage,
  hasPage,
  addPage,
  removePages,
  reclaimPage,
  source: 'v6.18 mm/shmem.c; mm/memory.c do_fault()',
}

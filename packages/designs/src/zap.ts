/**
 * Zap persistence, all answers.
 * @module
 */
import { ZAP_DROP_MARKER, ZAP_UNMAP, type ZapPersistence } from '@faultline/mm-types'

/** The bit dies with the entry. */
export const zapDropped: ZapPersistence = {
  name: 'dropped',
  keepsUffdWp: () => false,
  source: 'Linux before 5.19: file memory could not be registered for write-protection',
}

/** The bit stays as a marker unless the mapping or the file's pages go for good. */
export const zapKept: ZapPersistence = {
  name: 'kept',
  keepsUffdWp: (_vmFlags, zapFlags) => (zapFlags & ZAP_DROP_MARKER) === 0,
  source: 'Linux 5.19, commit 999dad824c39 (mm/shmem: persist uffd-wp bit across zapping for file-backed)',
}

/** Only the end of the mapping ends the protection: a file that is truncated and grows again is protected where it was. */
export const zapKeptOverTruncate: ZapPersistence = {
  name: 'kept-over-truncate',
  keepsUffdWp: (_vmFlags, zapFlags) => (zapFlags & ZAP_UNMAP) === 0,
  source: 'what Linux 6.18 does to shmem (mm/memory.c unmap_mapping_pages() passes no ZAP_FLAG_DROP_MARKER), done to hugetlb too',
}

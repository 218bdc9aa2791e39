/**
 * Zap persistence, both answers.
 * @module
 */
import { ZAP_DROP_MARKER, type ZapPersistence } from '@faultline/mm-types'

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

/**
 * Mappings of files of a file system, which the model does not have: what the kernel's sources say of them.
 * @module
 */

/** What is known of a question without asking a system. */
export interface ReadAnswer {
  /** The first release that does it; absent where none does. */
  readonly since?: string
  /** Features that have to be asked for. */
  readonly features: readonly string[]
  /** The call that fails where it cannot be done, and how. */
  readonly refusal: string
}

const REGISTER: ReadAnswer = { features: [], refusal: 'UFFDIO_REGISTER fails with EINVAL' }

/**
 * By question. Those left out have no answer here.
 *
 * @source v6.12 include/linux/userfaultfd_k.h vma_can_userfault(), as since 6.7: any memory that is registered for nothing
 * but asynchronous write-protection; v6.18 mm/madvise.c is_valid_guard_vma(), as since 6.15
 */
export const ORDINARY_FILES: Readonly<Record<string, ReadAnswer>> = {
  missing: REGISTER,
  zeropage: REGISTER,
  'write-protect': REGISTER,
  'write-protect-unpopulated': REGISTER,
  'copy-wp': REGISTER,
  'wp-async': { since: '6.7', features: ['wp_async'], refusal: 'UFFDIO_API fails with EINVAL' },
  minor: REGISTER,
  move: REGISTER,
  poison: REGISTER,
  sigbus: REGISTER,
  'kernel-faults': REGISTER,
  device: REGISTER,
  'soft-dirty': { since: '5.7', features: [], refusal: '' },
  guard: { since: '6.15', features: [], refusal: 'madvise(MADV_GUARD_INSTALL) fails with EINVAL' },
}

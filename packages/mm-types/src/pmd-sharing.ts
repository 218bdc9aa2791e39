/**
 * Seam: pmd sharing. May hugetlb mappings of one file share tables when a userfaultfd watches?
 * @module
 */

/** Asked when a table of pmds is first needed, and at registration. */
export interface PmdSharingPolicy {
  readonly name: string
  /** Whether a vma with these flags may share tables of pmds. */
  mayShare(vmFlags: number): boolean
  /** Whether registering with these flags drops the tables shared before. */
  unsharesAtRegister(vmFlags: number): boolean
  /** UFFDIO_WRITEPROTECT lets go of a table that is still shared, as mprotect does, and protects nothing in it; otherwise it writes into it. */
  readonly unsharesAtProtect: boolean
  readonly source: string
}

/**
 * hugetlb pmd sharing, all answers.
 * @module
 */
import { type PmdSharingPolicy, VM_UFFD_MINOR, VM_UFFD_WP } from '@faultline/mm-types'

/** Tables are not shared where someone watches; registering ends the sharing. */
export const unsharedAtRegister: PmdSharingPolicy = {
  name: 'unshared-at-register',
  mayShare: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) === 0,
  unsharesAtRegister: (vmFlags) => (vmFlags & (VM_UFFD_WP | VM_UFFD_MINOR)) !== 0,
  source: 'v6.18 mm/hugetlb.c want_pmd_share(), hugetlb_unshare_all_pmds()',
}

/** Nobody shares: every mapping has its own tables, watched or not. */
export const sharingForbidden: PmdSharingPolicy = {
  name: 'forbidden',
  mayShare: () => false,
  unsharesAtRegister: () => false,
  source: 'v6.18 mm/hugetlb.c without CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING',
}

/** A negative control: tables stay shared under watch, so that the bit of one address space is the bit of all. */
export const sharedRegardless: PmdSharingPolicy = {
  name: 'shared-regardless',
  mayShare: () => true,
  unsharesAtRegister: () => false,
  source: 'mm/hugetlb.c huge_pmd_share() before Linux 5.13 (hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled)',
}

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
  unsharesAtProtect: false,
  source: 'v6.18 mm/hugetlb.c want_pmd_share(), hugetlb_unshare_all_pmds()',
}

/** Nobody shares: every mapping has its own tables, watched or not. */
export const sharingForbidden: PmdSharingPolicy = {
  name: 'forbidden',
  mayShare: () => false,
  unsharesAtRegister: () => false,
  unsharesAtProtect: false,
  source: 'v6.18 mm/hugetlb.c without CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING',
}

/** A negative control: tables stay shared under watch, so that the bit of one address space is the bit of all. */
export const sharedRegardless: PmdSharingPolicy = {
  name: 'shared-regardless',
  mayShare: () => true,
  unsharesAtRegister: () => false,
  unsharesAtProtect: false,
  source: 'the first danger that hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled (Linux 5.13) names',
}

/** A negative control: the table is given up by the very call that was to protect what it maps, and nothing is protected. */
export const sharedUntilProtected: PmdSharingPolicy = {
  ...sharedRegardless,
  name: 'shared-until-protected',
  unsharesAtProtect: true,
  source: 'mm/hugetlb.c hugetlb_change_protection() before Linux 5.13 (hugetlb/userfaultfd: forbid huge pmd sharing when uffd enabled)',
}

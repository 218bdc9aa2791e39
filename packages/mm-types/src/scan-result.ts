/**
 * Why a 2 MiB range was or was not collapsed. Names are the kernel's; numbers are ours (the kernel's enum is internal).
 *
 * @source v6.18 mm/khugepaged.c enum scan_result
 * @module
 */
export const SCAN_FAIL = 0
export const SCAN_SUCCEED = 1
export const SCAN_PMD_NULL = 2
export const SCAN_PMD_MAPPED = 4
export const SCAN_EXCEED_NONE_PTE = 5
export const SCAN_EXCEED_SWAP_PTE = 6
export const SCAN_EXCEED_SHARED_PTE = 7
export const SCAN_PTE_NON_PRESENT = 8
export const SCAN_PTE_UFFD_WP = 9
export const SCAN_PAGE_RO = 11
export const SCAN_LACK_REFERENCED_PAGE = 12
export const SCAN_PAGE_COUNT = 14
export const SCAN_VMA_CHECK = 15
export const SCAN_ADDRESS_RANGE = 16
export const SCAN_PTE_MAPPED_HUGEPAGE = 17
export const SCAN_PAGE_HAS_PRIVATE = 18
export const SCAN_VMA_NULL = 19
export const SCAN_TRUNCATED = 20
/** Not in the kernel: the policy never collapses. */
export const SCAN_NEVER = 31

/**
 * Why a 2 MiB range was or was not collapsed. Names are the kernel's; numbers are ours (the kernel's enum is internal).
 *
 * @source v6.18 mm/khugepaged.c enum scan_result
 * @module
 */

/** Failed for a reason without a name. */
export const SCAN_FAIL = 0
/** The range may be collapsed, or was. */
export const SCAN_SUCCEED = 1
/** There is no table of ptes to collapse, nor one of pmds. */
export const SCAN_PMD_NULL = 2
/** There is no table of ptes to collapse: its pmd is none. */
export const SCAN_PMD_NONE = 3
/** A huge page is mapped there already. */
export const SCAN_PMD_MAPPED = 4
/** More ptes are empty than `max_ptes_none` allows. */
export const SCAN_EXCEED_NONE_PTE = 5
/** More pages are swapped out than `max_ptes_swap` allows. */
export const SCAN_EXCEED_SWAP_PTE = 6
/** More pages are shared with other processes than `max_ptes_shared` allows. */
export const SCAN_EXCEED_SHARED_PTE = 7
/** A pte is neither empty, nor present, nor a swap entry. */
export const SCAN_PTE_NON_PRESENT = 8
/** A pte is write-protected by userfaultfd. */
export const SCAN_PTE_UFFD_WP = 9
/** No page of the range is writable. */
export const SCAN_PAGE_RO = 11
/** Too few pages were accessed of late. */
export const SCAN_LACK_REFERENCED_PAGE = 12
/** Someone holds a page beside those who map it. */
export const SCAN_PAGE_COUNT = 14
/** The vma does not allow huge pages. */
export const SCAN_VMA_CHECK = 15
/** The range does not lie wholly in the vma. */
export const SCAN_ADDRESS_RANGE = 16
/** The pages are one huge page already, mapped by ptes. */
export const SCAN_PTE_MAPPED_HUGEPAGE = 17
/** A page of the file has private data that cannot be released. */
export const SCAN_PAGE_HAS_PRIVATE = 18
/** There is no vma. */
export const SCAN_VMA_NULL = 19
/** The file was truncated meanwhile. */
export const SCAN_TRUNCATED = 20
/** Not in the kernel: the policy never collapses. */
export const SCAN_NEVER = 31

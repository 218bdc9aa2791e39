/**
 * Categories and flags of PAGEMAP_SCAN.
 *
 * @source v6.18 include/uapi/linux/fs.h
 * @module
 */

/** The page is in a vma that can be armed. */
export const PAGE_IS_WPALLOWED = 0x1
/** The page was written since it was armed. */
export const PAGE_IS_WRITTEN = 0x2
/** The page belongs to a file. */
export const PAGE_IS_FILE = 0x4
/** The page is mapped. */
export const PAGE_IS_PRESENT = 0x8
/** The page is swapped out. */
export const PAGE_IS_SWAPPED = 0x10
/** The page is a zero page. */
export const PAGE_IS_PFNZERO = 0x20
/** The page is part of a huge page that one entry maps. */
export const PAGE_IS_HUGE = 0x40
/** The page is soft-dirty. */
export const PAGE_IS_SOFT_DIRTY = 0x80
/** There is a guard marker. */
export const PAGE_IS_GUARD = 0x100

/** Arm the pages that match, in the same pass. */
export const PM_SCAN_WP_MATCHING = 1
/** Refuse with EPERM what is not registered for asynchronous write-protection. */
export const PM_SCAN_CHECK_WPASYNC = 2

/**
 * Categories and flags of PAGEMAP_SCAN.
 *
 * @source v6.18 include/uapi/linux/fs.h
 * @module
 */
export const PAGE_IS_WPALLOWED = 0x1
export const PAGE_IS_WRITTEN = 0x2
export const PAGE_IS_FILE = 0x4
export const PAGE_IS_PRESENT = 0x8
export const PAGE_IS_SWAPPED = 0x10
export const PAGE_IS_PFNZERO = 0x20
export const PAGE_IS_HUGE = 0x40
export const PAGE_IS_SOFT_DIRTY = 0x80
export const PAGE_IS_GUARD = 0x100

export const PM_SCAN_WP_MATCHING = 1
export const PM_SCAN_CHECK_WPASYNC = 2

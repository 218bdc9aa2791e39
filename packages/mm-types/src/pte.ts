/**
 * Bits of an x86-64 page-table entry, as two signed 32-bit words: `lo` holds bits 0-31, `hi` bits 32-63.
 *
 * ```
 *  bit  0 present        1 write         2 user          5 accessed      6 dirty        7 PSE (huge leaf)
 *       8 PROT_NONE (with present clear; global otherwise)   9 special   10 uffd-wp     11 soft-dirty
 *      12-51 pfn        63 no execute
 * ```
 * @source v6.18 arch/x86/include/asm/pgtable_types.h
 * @module
 */

/** The hardware may use the entry. */
export const PAGE_PRESENT = 0x1
/** Stores are allowed. */
export const PAGE_RW = 0x2
/** User space may use the entry. */
export const PAGE_USER = 0x4
/** Set by the hardware at an access. */
export const PAGE_ACCESSED = 0x20
/** Set by the hardware at a store. */
export const PAGE_DIRTY = 0x40
/** The entry maps a huge page instead of a table. */
export const PAGE_PSE = 0x80
/** Mapped, with no access allowed; only where present is clear. */
export const PAGE_PROTNONE = 0x100
/** The page has no frame record that counts it, as the zero page. */
export const PAGE_SPECIAL = 0x200
/** Armed: write-protected by userfaultfd. */
export const PAGE_UFFD_WP = 0x400
/** Written since soft-dirty bits were cleared. */
export const PAGE_SOFT_DIRTY = 0x800
/** Either bit makes the entry present to software. @source pte_present() */
export const PAGE_PRESENT_ANY = 0x101

/** Soft-dirty bit of a non-present entry. */
export const SWP_SOFT_DIRTY = 0x2
/** uffd-wp bit of a non-present entry. */
export const SWP_UFFD_WP = 0x4
/** Exclusive bit of a swap entry. */
export const SWP_EXCLUSIVE = 0x8

/** Entries of a table, and pages of a 2 MiB region. */
export const PTRS_PER_PTE = 512
/** Pages of 4 KiB in 1 GiB. */
export const PAGES_PER_PUD = 262144
/** Bytes of a page and of a table. */
export const PAGE_SIZE = 4096

/**
 * The record of one 4 KiB frame: eight 32-bit words in a chunk that the frame table owns.
 *
 * ```
 *    ref       references to the folio (head only)         mapping   id of the anon_vma or inode, 0 for none
 *    map       page-table entries that map this page       index     page offset in the mapping (vpn for anon)
 *    flags     FRAME_*, order in bits 16-20                entire    huge leaves mapping the folio (head); free-list link
 *    stamp     contents: the value last written            slot      swap slot + 1 when in the swap cache
 * ```
 * A word has a column of its own: that of frame `pfn` is at `(pfn & FRAME_CHUNK_MASK) + FRAME_REF`. Few words of a record are asked for at
 * a time, mostly one or two, and in a column those of 16 frames share a cache line. The record of a free frame says nothing.
 * @module
 */

/** log2 of the frames of a chunk. */
export const FRAME_CHUNK_SHIFT = 11
/** Index of a frame inside its chunk: `pfn & FRAME_CHUNK_MASK`. */
export const FRAME_CHUNK_MASK = 0x7ff
/** Words from one column to the next: a cache line more than a chunk has frames, or a cache would keep all words of a record in one place. */
export const FRAME_COLUMN = 2064

/** References to the folio; only the head's counts. */
export const FRAME_REF = 0
/** Page-table entries that map this page. */
export const FRAME_MAP = 1 * FRAME_COLUMN
/** `FRAME_*` flags, and the order from bit `FRAME_ORDER_SHIFT` on. */
export const FRAME_FLAGS = 2 * FRAME_COLUMN
/** Contents, as the value last written. */
export const FRAME_STAMP = 3 * FRAME_COLUMN
/** Id of the anon_vma or inode, 0 for none. */
export const FRAME_MAPPING = 4 * FRAME_COLUMN
/** Page offset in the mapping; the virtual page number for anonymous memory. */
export const FRAME_INDEX = 5 * FRAME_COLUMN
/** Huge leaves that map the folio (of its head); in a free folio the link of the free list. */
export const FRAME_ENTIRE = 6 * FRAME_COLUMN
/** Swap slot + 1 when the page is in the swap cache, else 0. */
export const FRAME_SLOT = 7 * FRAME_COLUMN
/** Words of a chunk. */
export const FRAME_WORDS = 8 * FRAME_COLUMN

/** PageAnon. */
export const FRAME_ANON = 0x1
/** PageAnonExclusive. */
export const FRAME_EXCLUSIVE = 0x2
/** Written since it was read from or written to where it is kept (PG_dirty). */
export const FRAME_DIRTY = 0x4
/** Clear on an anonymous page after MADV_FREE: it may be dropped instead of swapped. */
export const FRAME_SWAPBACKED = 0x8
/** Allocated by fallocate and not read or written since (PageUptodate is clear): it is not mapped around a fault. */
export const FRAME_NOT_UPTODATE = 0x10
/** In a page cache: the cache holds one reference. */
export const FRAME_CACHE = 0x20
/** Merged by KSM: shared by everyone whose page had the same contents. */
export const FRAME_KSM = 0x40
/** Has a hardware error (PG_hwpoison): whoever touches it gets SIGBUS. */
export const FRAME_HWPOISON = 0x80
/** Still counted as locked although no locked mapping maps it: reclaim leaves it alone for as long as it lives (PG_mlocked). */
export const FRAME_MLOCKED = 0x100
/** A zero page: never counted, never freed. */
export const FRAME_ZERO = 0x200
/** Belongs to the pool of huge pages. */
export const FRAME_HUGETLB = 0x400
/** When it is free, the pool of huge pages counts it as reserved again. @source include/linux/hugetlb.h HPG_restore_reserve */
export const FRAME_RESTORE_RESERVE = 0x1000
/** Not the first page of its folio. */
export const FRAME_TAIL = 0x800
/** First bit of the folio's order in the flags word. */
export const FRAME_ORDER_SHIFT = 16
/** Mask of the order, once shifted down. */
export const FRAME_ORDER_MASK = 0x1f

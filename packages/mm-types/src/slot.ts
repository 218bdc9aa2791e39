/**
 * The record of one swap slot: four 32-bit words in a chunk that the swap area owns.
 *
 * ```
 *  0 count     references to the slot                    2 cached    the frame in the swap cache, or 0
 *  1 stamp     contents: the value of the page           3 next      in a free slot the link of the free list
 * ```
 * @module
 */

/** Word 0: references to the slot. */
export const SLOT_COUNT = 0
/** Word 1: contents of the page. */
export const SLOT_STAMP = 1
/** Word 2: the frame in the swap cache for it, or 0. */
export const SLOT_CACHED = 2
/** Word 3: link of the free list. */
export const SLOT_NEXT = 3
/** log2 of the words of a record. */
export const SLOT_SHIFT = 2
/** log2 of the slots of a chunk. */
export const SLOT_CHUNK_SHIFT = 10
/** Index of a slot inside its chunk: `(slot & SLOT_CHUNK_MASK) << SLOT_SHIFT`. */
export const SLOT_CHUNK_MASK = 0x3ff

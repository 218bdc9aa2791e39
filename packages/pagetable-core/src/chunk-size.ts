/**
 * How large the next chunk of tables is.
 * @module
 */

const LEAST_TABLES = 16
const MOST_TABLES = 1024
const GROWTH_SHIFT = 4

/** A sixteenth of what there is already, so that the buffers are never much larger than what is in them; a power of two. */
export function chunkTables(held: number): number {
  return Math.min(MOST_TABLES, Math.max(LEAST_TABLES, 2 ** Math.floor(Math.log2(held >> GROWTH_SHIFT))))
}

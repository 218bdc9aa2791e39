/**
 * How large the next chunk of tables is.
 * @module
 */

const LEAST_TABLES = 16
const MOST_TABLES = 1024
/** Linux has no chunks: what the buffers hold beyond the tables in them is to stay below a tenth. */
const PART = 12

/** A twelfth of what there is already, in pieces of the least. */
export function chunkTables(held: number): number {
  const part = Math.floor(held / PART)
  return Math.min(MOST_TABLES, Math.max(LEAST_TABLES, part - (part % LEAST_TABLES)))
}

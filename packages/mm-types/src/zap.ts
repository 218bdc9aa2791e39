/**
 * Seam: zap persistence. Does the uffd-wp bit of a file page survive the erasure of its entry?
 * @module
 */

/** The zap is for good: munmap, exit, truncation. @source include/linux/mm.h ZAP_FLAG_DROP_MARKER */
export const ZAP_DROP_MARKER = 1
/** The mapping itself goes away. @source ZAP_FLAG_UNMAP */
export const ZAP_UNMAP = 2

/**
 * Decides whether a zap leaves a marker where the old entry carried the bit.
 *
 * Asked by `mm` once per zap of a vma, never per entry. Anonymous vmas are never asked.
 */
export interface ZapPersistence {
  readonly name: string
  /**
   * Whether a protection outlives the unmapping of its page.
   *
   * @param zapFlags - ZAP_* of the caller
   */
  keepsUffdWp(vmFlags: number, zapFlags: number): boolean
  readonly source: string
}

/**
 * Checks of ranges that every ioctl makes first.
 * @module
 */
import { EINVAL } from '@faultline/mm-types'

/** First byte beyond user space with 4-level tables. @source arch/x86/include/asm/page_64_types.h TASK_SIZE_MAX */
const TASK_SIZE = 0x7ffffffff000

/**
 * @param start first byte
 * @param length bytes
 * @returns 0 or -EINVAL (unaligned, empty, or beyond user space)
 * @source v6.18 fs/userfaultfd.c validate_range()
 */
export function validateRange(start: number, length: number): number {
  if (!isWhole(start / 4096) || !isWhole(length / 4096) || length <= 0) return -EINVAL
  return start < 65536 || start >= TASK_SIZE || length > TASK_SIZE - start ? -EINVAL : 0
}

/** The remainder of an address, which has more than 32 bits, is a loop in the floating-point unit. */
function isWhole(pages: number): boolean {
  return pages === Math.floor(pages)
}

/**
 * x86-64 ptes on one BigInt, after the kernel's macros step by step: what an encoding's words are read against.
 *
 * Slow, and written without a look at the fast code: that is the point of it.
 *
 * @source v6.18 arch/x86/include/asm/pgtable_64.h __swp_type(), __swp_offset(), __swp_entry(); arch/x86/include/asm/pgtable.h pte_present(), pte_none()
 * @module
 */

const U64 = (1n << 64n) - 1n

/** What a pte says to the kernel's macros. */
export const pteOracle = {
  /** Two signed words as one number. */
  join: (lo: number, hi: number): bigint => (BigInt.asUintN(32, BigInt(hi)) << 32n) | BigInt.asUintN(32, BigInt(lo)),
  /** One number as two signed words, low and high. */
  words: (pte: bigint): readonly [lo: number, hi: number] => [Number(BigInt.asIntN(32, pte)), Number(BigInt.asIntN(32, pte >> 32n))],
  /** pte_present(): bit 0, or PROT_NONE without it. */
  present: (pte: bigint): boolean => (pte & ((1n << 0n) | (1n << 8n))) !== 0n,
  /** pte_none(): accessed and dirty do not count. */
  none: (pte: bigint): boolean => (pte & ~((1n << 5n) | (1n << 6n)) & U64) === 0n,
  /** __swp_type() */
  type: (pte: bigint): number => Number(pte >> 59n),
  /** __swp_offset(), stored inverted. */
  offset: (pte: bigint): bigint => (((~pte & U64) << 5n) & U64) >> 14n,
  /** __swp_entry_to_pte(__swp_entry(type, offset)) */
  entry: (type: number, offset: bigint): bigint => ((((~offset & U64) << 14n) & U64) >> 5n) | ((BigInt(type) << 59n) & U64),
} as const

/** Slots of the largest swap area: the last one that an offset can name is never handed out. @source generic_max_swapfile_size() */
export const LAST_SLOT = (1n << 50n) - 2n

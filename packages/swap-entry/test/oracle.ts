/**
 * The x86-64 swap pte on one 64-bit BigInt, following the kernel's macros step by step. For tests only: slow and plain.
 *
 * @source v6.18 arch/x86/include/asm/pgtable_64.h
 */
const U64 = (1n << 64n) - 1n
const TYPE_BITS = 5n
const OFFSET_SHIFT = 14n // first bit 9, and the 5 type bits that the shift goes too far

/** The 64-bit pte of an entry: complement, up over the type bits, down again, type on top. */
export function oraclePte(type: number, offset: number): bigint {
  const inverted = ~BigInt(offset) & U64
  return (((inverted << OFFSET_SHIFT) & U64) >> TYPE_BITS) | ((BigInt(type) << (64n - TYPE_BITS)) & U64)
}

export function oracleType(pte: bigint): number {
  return Number(pte >> (64n - TYPE_BITS))
}

export function oracleOffset(pte: bigint): number {
  return Number((((~pte & U64) << TYPE_BITS) & U64) >> OFFSET_SHIFT)
}

/** The two signed words of a 64-bit value. */
export function words(pte: bigint): [lo: number, hi: number] {
  return [Number(BigInt.asIntN(32, pte)), Number(BigInt.asIntN(32, pte >> 32n))]
}

/** The 64-bit value of two words. */
export function join(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}

/**
 * Lists of bit numbers and the two words they stand for. Slow and plain, for tables and laws.
 *
 * @module
 */

/** The low word with exactly these bits. */
export function bitsLo(bits: readonly number[]): number {
  return bits.reduce((word, bit) => (bit < 32 ? word | (1 << bit) : word), 0)
}

/** The high word with exactly these bits. */
export function bitsHi(bits: readonly number[]): number {
  return bits.reduce((word, bit) => (bit >= 32 ? word | (1 << (bit - 32)) : word), 0)
}

/** Bits `shift` to `shift + width - 1`. */
export function fieldBits(shift: number, width: number): number[] {
  return Array.from({ length: width }, (_, i) => shift + i)
}

import type { MarkerEncoding, SwpTypesConfig } from '@faultline/mm-types'
import fc from 'fast-check'
import { noMarker, pteMarker, specialPte, swapType1 } from '../src/index.ts'

/** One word, edges more often than chance. */
export const word = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  fc.constantFrom(0, -1, 1, 4, 0x60, 0x100, 0x200, -0x200, 0x0fffffff, -0x08000000),
)

/** A swap type. */
export const swpTypeNumber = fc.integer({ min: 0, max: 31 })

/** A 50-bit offset, with the edges of its two words and of the fast path made likely. */
export const offset = fc.oneof(
  fc.maxSafeNat().map((n) => n % 2 ** 50),
  fc.nat(4096),
  fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -2, max: 2 }))
    .map(([bit, delta]) => Math.min(Math.max(2 ** bit + delta, 0), 2 ** 50 - 1)),
)

/** The four encodings. */
export const ENCODINGS: readonly MarkerEncoding[] = [noMarker, specialPte, swapType1, pteMarker]

/** Every kernel configuration. */
export const CONFIGS: readonly SwpTypesConfig[] = Array.from({ length: 16 }, (_, n) => ({
  migration: (n & 1) !== 0,
  memoryFailure: (n & 2) !== 0,
  devicePrivate: (n & 4) !== 0,
  marker: (n & 8) !== 0,
}))

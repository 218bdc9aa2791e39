/**
 * Mappings as the tests of this package need them: what is read of them, and nothing behind it.
 * @module
 */
import type { AnonVma, Mm, Vma } from '@faultline/mm-types'

/** A private anonymous mapping of the pages [1000, 2000) with the given fields instead. */
export function vmaOf(fields: Partial<Omit<Vma, 'mm'>> = {}, mm: Partial<Mm> = {}): Vma {
  const vma: Partial<Vma> = { start: 1000, end: 2000, flags: 0, pgoff: 1000, backend: 'anon', pageShift: 12, file: null, anonVma: null }
  return { ...vma, ...fields, mm } as Vma
}

/** An anon_vma of which only the number is looked at. */
export const anonVma = (id: number): AnonVma => ({ id }) as AnonVma

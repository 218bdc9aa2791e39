/**
 * Where Linux itself may answer in more than one way: the only differences that are let pass, each with its reason.
 * @module
 */
import type { Operation, Outcome } from '@faultline/program'
import type { FieldDifference } from './compare.ts'

/** A difference that is no fault of either system. */
export interface Allowance {
  readonly name: string
  /** Why Linux may answer either way. */
  readonly reason: string
  readonly allows: (operation: Operation, difference: FieldDifference, a: Outcome, b: Outcome) => boolean
}

/** All allowances. */
export const ALLOWANCES: readonly Allowance[] = []

/** @returns the allowance that lets a difference pass, or undefined */
export function allowanceFor(operation: Operation, difference: FieldDifference, a: Outcome, b: Outcome): Allowance | undefined {
  return ALLOWANCES.find((allowance) => allowance.allows(operation, difference, a, b))
}

/**
 * What a run of `faultline verify` came to, as text.
 * @module
 */
import { ALLOWANCES, type FuzzResult, type Pair } from '@faultline/conformance'
import type { Memory } from '@faultline/program'

/** Counts, what was let pass and why, and what was reached. */
export function summaryText(pair: Pair, result: FuzzResult, memories: readonly Memory[], listsNever: boolean): string {
  const { programs, operations, found, milliseconds } = result
  const rate = Math.round((programs * 1000) / Math.max(1, milliseconds))
  const lines = [
    `${pair.a.name} and ${pair.b.name}`,
    `${programs} programs, ${operations} operations, ${rate} programs/s: ${found.length === 0 ? 'no difference' : 'a difference'}`,
  ]
  if (pair.ignored.size > 0) lines.push(`left out: ${[...pair.ignored].join(', ')}`)
  for (const [name, count] of result.allowed) {
    lines.push(`let pass: ${name} in ${count} programs: ${ALLOWANCES.find((each) => each.name === name)?.reason}`)
  }
  for (const [reason, count] of result.inexpressible) lines.push(`ended early: ${count} programs: ${reason}`)
  const { reached, possible, never } = result.coverage.summary(memories)
  lines.push(
    `coverage: ${reached} of ${possible} combinations of operation, memory and state of its first page; ${result.coverage.met.size} operations`,
  )
  if (listsNever) lines.push(...never.map((each) => `never: ${each}`))
  return `${lines.join('\n')}\n`
}

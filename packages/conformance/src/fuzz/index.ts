/**
 * Differential fuzzing: random programs on two systems, compared operation by operation and page by page.
 * @module
 */
export { type Allowance, ALLOWANCES } from './allowances.ts'
export { compareOutcomes, type FieldDifference, IGNORABLE, type Ignorable } from './compare.ts'
export { Coverage } from './coverage.ts'
export { comparePrograms, type Difference, type Pair, type Verdict as ComparisonVerdict } from './differences.ts'
export { type Found, fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts'
export { generateProgram } from './generate.ts'
export type { GeneratorOptions } from './generate-setup.ts'
export { programSeed } from './random.ts'
export { type Answer, type BatchSystem, isOutcome } from './runs.ts'
export { shrink, type Shrunk } from './shrink.ts'

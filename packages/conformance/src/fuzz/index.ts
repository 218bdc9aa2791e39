/**
 * Differential fuzzing: random programs on two systems, compared operation by operation and page by page.
 * @module
 */
export { ALLOWANCES, type Allowance } from './allowances.ts'
export { compareOutcomes, type FieldDifference, IGNORABLE, type Ignorable } from './compare.ts'
export { type CorpusOptions, choosePrograms, recordRandom, type SeededProgram } from './corpus.ts'
export { Coverage } from './coverage.ts'
export { comparePrograms, compareRecorded, type Difference, type Pair, type Verdict as ComparisonVerdict } from './differences.ts'
export { type Found, type FuzzOptions, type FuzzResult, fuzz } from './fuzz.ts'
export { generateProgram } from './generate.ts'
export type { GeneratorOptions } from './generate-setup.ts'
export { programSeed } from './random.ts'
export { type Answer, type BatchSystem, isOutcome } from './runs.ts'
export { type Shrunk, shrink } from './shrink.ts'

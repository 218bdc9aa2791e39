/**
 * What the kernel's selftests assert, as programs: what a script is, and how one is run and judged.
 * @module
 */

export * from './can-i/index.ts'
export * from './fuzz/index.ts'
export { type CaseResult, runCase, type Verdict } from './run-case.ts'
export { type InexpressibleCase, type NotExpressibleFile, parseNotExpressible, parseScript, type Script } from './scripts.ts'

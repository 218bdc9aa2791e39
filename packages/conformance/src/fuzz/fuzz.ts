/**
 * Runs random programs on two systems until they differ, time is up, or enough has been seen.
 * @module
 */
import type { Operation } from '@faultline/program'
import { Coverage } from './coverage.ts'
import { comparePrograms, type Difference, type Pair } from './differences.ts'
import { generateProgram } from './generate.ts'
import type { GeneratorOptions } from './generate-setup.ts'
import { programSeed } from './random.ts'

/** How long to go on, and what to tell whom. */
export interface FuzzOptions extends GeneratorOptions {
  readonly seed: number
  /** Programs at most. */
  readonly programs: number
  /** Operations of programs, all together, at most. */
  readonly totalOperations: number
  /** Milliseconds at most. */
  readonly milliseconds: number
  /** Differing programs to find before it ends. */
  readonly differences: number
  /** Programs given to the second system at a time. */
  readonly batch: number
  readonly signal?: AbortSignal
  /** Told of what was run so far. */
  readonly onProgress?: (soFar: FuzzResult) => void
}

/** A program that two systems do not agree on. */
export interface Found {
  readonly seed: number
  readonly program: readonly Operation[]
  readonly difference: Difference
}

/** What was seen. */
export interface FuzzResult {
  programs: number
  operations: number
  readonly found: Found[]
  /** Programs that ended early, by reason. */
  readonly inexpressible: Map<string, number>
  /** Programs with a difference that was let pass, by allowance. */
  readonly allowed: Map<string, number>
  readonly coverage: Coverage
  milliseconds: number
}

/** Compares random programs. Differences are not shrunk here. */
export async function fuzz(pair: Pair, options: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    programs: 0,
    operations: 0,
    found: [],
    inexpressible: new Map(),
    allowed: new Map(),
    coverage: new Coverage(),
    milliseconds: 0,
  }
  const began = performance.now()
  while (goesOn(result, options)) {
    const left = Math.min(options.batch, options.programs - result.programs)
    const seeds = Array.from({ length: left }, (_, index) => programSeed(options.seed, result.programs + index))
    const programs = seeds.map((seed) => generateProgram(seed, options))
    const verdicts = await comparePrograms(pair, programs, result.coverage)
    for (const [index, verdict] of verdicts.entries()) {
      result.programs++
      result.operations += verdict.performed
      if (verdict.inexpressible !== undefined) increment(result.inexpressible, verdict.inexpressible)
      if (verdict.allowed !== undefined) increment(result.allowed, verdict.allowed.name)
      if (verdict.difference !== undefined)
        result.found.push({ seed: seeds[index]!, program: programs[index]!, difference: verdict.difference })
    }
    result.milliseconds = performance.now() - began
    options.onProgress?.(result)
    // A timer, since browsers have nothing else that lets a signal in.
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return result
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function goesOn(result: FuzzResult, options: FuzzOptions): boolean {
  return (
    options.signal?.aborted !== true &&
    result.programs < options.programs &&
    result.operations < options.totalOperations &&
    result.milliseconds < options.milliseconds &&
    result.found.length < options.differences
  )
}

/**
 * Random programs on two systems: runs them, counts what differs by kind, shrinks the first of each and prints it all.
 * @module
 */
import { writeFileSync } from 'node:fs'
import { type Found, type FuzzOptions, type FuzzResult, fuzz, type Pair, type Shrunk, shrink } from '@faultline/conformance'
import type { Memory } from '@faultline/program'
import type { Context } from '../context.ts'
import { EXIT_DIFFERENCE, EXIT_DONE } from '../errors.ts'
import { writeWhole } from '../output.ts'
import type { Output } from '../terminal.ts'
import { differenceScript, differenceText, regionsOf } from './difference.ts'
import { type KindReport, resultJson } from './result-json.ts'
import { summaryText } from './summary.ts'

/** How long to go on, and with what programs. */
export type Limits = Omit<FuzzOptions, 'memories' | 'batch' | 'signal' | 'onProgress'>

/** What is compared, and how it is told. */
export interface RandomComparison {
  readonly pair: Pair
  readonly memories: readonly Memory[]
  readonly limits: Limits
  readonly signal: AbortSignal
  /** A file, or `-` for stdout and nothing else. */
  readonly json: string | undefined
  /** List what was never reached. */
  readonly coverage: boolean
}

/** Programs given to the second system at a time. */
const BATCH = 32
const NOWHERE: Output = { isTTY: false, write: () => {} }

/** Compares and prints. @returns the exit code */
export async function compareRandom(comparison: RandomComparison, { terminal }: Context): Promise<number> {
  const { pair, memories, limits, signal, json } = comparison
  const { err } = terminal
  const out = json === '-' ? NOWHERE : terminal.out
  const started = performance.now()
  const onProgress = (soFar: FuzzResult): void => showProgress(err, soFar, started)
  const result = await fuzz(pair, { ...limits, memories, batch: BATCH, signal, onProgress })
  if (err.isTTY) err.write('\r\u001b[2K')
  out.write(summaryText(pair, result, memories, comparison.coverage))
  const kinds = await reportKinds(comparison, result.found, out, err)
  if (json !== undefined) {
    const text = resultJson({ pair, memories, seed: limits.seed, result, kinds, interrupted: signal.aborted })
    if (json === '-') terminal.out.write(text)
    else writeWhole(json, text)
  }
  return result.found.length > 0 ? EXIT_DIFFERENCE : EXIT_DONE
}

/** Programs that differ in the same way are counted, and the first of them shrunk; the most frequent kind comes first. */
async function reportKinds(comparison: RandomComparison, found: readonly Found[], out: Output, err: Output): Promise<KindReport[]> {
  const kinds = new Map<string, Found[]>()
  for (const each of found) kinds.set(each.difference.kind, [...(kinds.get(each.difference.kind) ?? []), each])
  const reports: KindReport[] = []
  for (const [kind, alike] of [...kinds].sort(([, a], [, b]) => b.length - a.length)) {
    if (found.length > 1) out.write(`\n${alike.length} of ${found.length} differ so: ${kind}\n`)
    const first = alike[0]!
    const { shrunk, file, script } = await report(comparison, first, out, err)
    reports.push({ kind, count: alike.length, seed: first.seed >>> 0, file, script, difference: shrunk.difference })
  }
  return reports
}

async function report({ pair, signal }: RandomComparison, found: Found, out: Output, err: Output) {
  if (!signal.aborted) err.write(`shrinking the program of seed ${found.seed >>> 0} …\n`)
  const shrunk: Shrunk = await shrink(pair, found.program, found.difference, { signal })
  const { difference, tried } = shrunk
  const file = `faultline-difference-${found.seed >>> 0}.flt`
  const regions = await regionsOf(pair, difference.script)
  const script = differenceScript(pair, difference, regions)
  writeFileSync(file, script)
  const how = signal.aborted ? `Not shrunk to the end (${tried} tries)` : `Shrunk in ${tried} tries`
  out.write(`${differenceText(pair, difference, regions)}\n${how}; saved as ./${file}\n`)
  return { shrunk, file, script }
}

function showProgress(err: Output, { programs, operations, milliseconds, found }: FuzzResult, started: number): void {
  const seconds = (performance.now() - started) / 1000
  const rate = Math.round((programs * 1000) / Math.max(1, milliseconds))
  const differing = found.length === 0 ? '' : `, ${found.length} differ`
  const text = `${programs} programs, ${operations} operations, ${rate} programs/s, ${seconds.toFixed(0)} s${differing}`
  if (err.isTTY) err.write(`\r\u001b[2K${text}`)
  else if (programs % 1024 < BATCH) err.write(`${text}\n`)
}

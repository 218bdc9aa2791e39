/**
 * A design held against what a kernel was recorded doing: what `verify` does where no kernel can be asked.
 * @module
 */
import { ALLOWANCES, compareRecorded, type Difference, type Pair } from '@faultline/conformance'
import { randomRecordings, recordedKernels, scriptRecordings } from '@faultline/conformance/load-recordings'
import { createModel } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { type Memory, type RecordedProgram, type Recording, recordedName, recordedSystem } from '@faultline/program'
import type { Output } from '../terminal.ts'
import { differenceText, regionsOf } from './difference.ts'

/** What is compared, and with what left out. */
export interface RecordedOptions {
  readonly design: Design
  readonly memories: readonly Memory[]
  readonly ignored: ReadonlySet<string>
  /** Kinds of difference to show in full. */
  readonly shown: number
}

/** Programs recorded, and what comparing them came to. */
interface Tally {
  programs: number
  operations: number
  readonly differences: { readonly program: string; readonly difference: Difference }[]
  /** Programs that ended early on either side, by reason. */
  readonly ended: Map<string, number>
  readonly allowed: Map<string, number>
}

/** The recordings a design is held against: of its own kernel where there are any, else of Linux 6.18. */
function recordingsFor(design: Design): Recording[] {
  const kernel = recordedKernels().includes(design.name) ? design.name : 'linux-6.18'
  return [...scriptRecordings(kernel), ...randomRecordings(kernel)]
}

/** Replays every recorded program on the design and prints what differs. @returns whether anything does */
export async function verifyRecorded({ design, memories, ignored, shown }: RecordedOptions, out: Output): Promise<boolean> {
  const recordings = recordingsFor(design)
  const pair: Pair = { a: createModel(design), b: recordedSystem(recordings), ignored }
  const tally: Tally = { programs: 0, operations: 0, differences: [], ended: new Map(), allowed: new Map() }
  for (const { programs } of recordings) {
    for (const recorded of programs) if (usesOnly(recorded, memories)) await compareOne(pair, recorded, tally)
  }
  const dates = recordings.map(({ date }) => date.slice(0, 10)).sort()
  out.write(tallyText(tally, `${pair.a.name} and ${recordedName(recordings)}, taken from ${dates[0]} to ${dates.at(-1)}`))
  await showKinds(pair, tally, shown, out)
  return tally.differences.length > 0
}

function usesOnly({ memory, steps }: RecordedProgram, memories: readonly Memory[]): boolean {
  if (memory !== undefined) return memories.includes(memory)
  return steps.every(({ operation }) => operation.op !== 'mmap' || memories.includes(operation.memory))
}

async function compareOne(pair: Pair, recorded: RecordedProgram, tally: Tally): Promise<void> {
  const { performed, difference, allowed, inexpressible } = await compareRecorded(pair.a, recorded, pair.ignored)
  tally.programs++
  tally.operations += performed
  const program = recorded.memory === undefined ? recorded.program : `${recorded.program} on ${recorded.memory}`
  if (difference !== undefined) tally.differences.push({ program, difference })
  else if (allowed !== undefined) increment(tally.allowed, allowed.name)
  else if (inexpressible !== undefined) increment(tally.ended, inexpressible)
  else if (recorded.ended !== undefined) increment(tally.ended, recorded.ended)
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function tallyText({ programs, operations, differences, ended, allowed }: Tally, heading: string): string {
  const verdict = differences.length === 0 ? 'no difference' : `${differences.length} programs differ`
  const lines = [heading, `${programs} recorded programs, ${operations} operations: ${verdict}`]
  for (const [name, count] of allowed) {
    lines.push(`let pass: ${name} in ${count} programs: ${ALLOWANCES.find((each) => each.name === name)?.reason}`)
  }
  for (const [reason, count] of ended) lines.push(`ended early: ${count} programs: ${reason}`)
  return `${lines.join('\n')}\n`
}

/** Programs that differ in the same way are counted, and the first of each kind shown. */
async function showKinds(pair: Pair, { differences }: Tally, shown: number, out: Output): Promise<void> {
  const kinds = new Map<string, Tally['differences']>()
  for (const each of differences) kinds.set(each.difference.kind, [...(kinds.get(each.difference.kind) ?? []), each])
  for (const [kind, alike] of [...kinds].slice(0, shown)) {
    const { program, difference } = alike[0]!
    out.write(`\n${alike.length} of ${differences.length} differ so: ${kind}\nThe first is ${program}.\n`)
    out.write(`${differenceText(pair, difference, await regionsOf(pair, difference.script))}\n`)
  }
  if (kinds.size > shown) out.write(`\n${kinds.size - shown} more kinds; show them with --differences ${kinds.size}\n`)
}

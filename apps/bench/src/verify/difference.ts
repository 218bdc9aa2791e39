/**
 * A difference between two systems, as text and as a program.
 * @module
 */
import { type Answer, type Difference, isOutcome, type Pair } from '@faultline/conformance'
import { type AddressMap, expectationOf, formatOutcome, type Operation, printProgram, printShort, Regions } from '@faultline/program'

/** The operations, then what each system did at the last of them, side by side; parts that differ are marked. */
export function differenceText(pair: Pair, difference: Difference, map: AddressMap): string {
  const lines = printShort(difference.script.map((operation) => ({ operation })))
    .map((line) => `  ${line}\n`)
    .join('')
  const { field, a, b } = difference.field
  const rows = sideBySide([pair.a.name, ...parts(difference.a, map)], [pair.b.name, ...parts(difference.b, map)])
  return `They differ in '${field}' (${a} | ${b}) at the last of\n${lines}\n${rows}`
}

/** What can be told apart in an answer: how it ended, each message, each thread that finished. */
function parts(answer: Answer, map: AddressMap): string[] {
  return isOutcome(answer) ? formatOutcome(answer, map).split('; ') : [JSON.stringify(answer)]
}

function sideBySide(left: readonly string[], right: readonly string[]): string {
  const width = Math.max(...left.map((part) => part.length))
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, at) => [left[at] ?? '', right[at] ?? ''] as const)
  const line = (one: string, other: string, at: number): string =>
    `${at > 0 && one !== other ? '>' : ' '} ${one.padEnd(width)} | ${other}`.trimEnd()
  return rows.map(([one, other], at) => `${line(one, other, at)}\n`).join('')
}

/** The program as a script whose last line expects what the second system did. */
export function differenceScript(pair: Pair, difference: Difference, map: AddressMap): string {
  const last = difference.script.length - 1
  const steps = difference.script.map((operation, index) => ({
    operation,
    ...(index === last && isOutcome(difference.b) ? { expect: [expectationOf(difference.b, map)] } : {}),
  }))
  const heading = printProgram({ name: `${pair.a.name} differs from ${pair.b.name} in ${difference.field.field}`, steps: [] })
  return `${heading}${printShort(steps).join('\n')}\n`
}

/** Where the regions of a program lie: learnt by running it once more, up to where the systems part. */
export async function regionsOf(pair: Pair, script: readonly Operation[]): Promise<AddressMap> {
  const regions = new Regions()
  const session = await pair.a.open()
  try {
    for (const operation of script.slice(0, -1)) regions.note(operation, await session.perform(operation))
  } finally {
    await session.close()
  }
  return regions
}

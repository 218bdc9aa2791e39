/**
 * What a replay says.
 * @module
 */
import type { UffdReplayResult, WorkloadResult } from '@faultline/workloads'
import { count, printGrid } from './grid.ts'

const NAMED = 20

/** Explained and unexplained messages of a userfaultfd stream, with the first unexplained ones. */
export function printReplay(trace: string, result: UffdReplayResult): string {
  const early = Object.entries(result.earlyBy).map(([calls, number]) => `${calls} ${count(number)}`)
  const rows: readonly (readonly [string, number, string])[] = [
    ['messages', result.recordedMessages, 'fault messages that the kernel sent in the recording'],
    ['explained', result.explained, 'the model sends the same'],
    ['  at once', result.direct, 'by the state of the page at that line'],
    ['  early', result.early, `once calls that were still running had their effect${early.length > 0 ? `: ${early.join(', ')}` : ''}`],
    ['  queued', result.queuedBefore, 'sent before a later call changed the page, read after it'],
    ['unexplained', result.unexplained, 'nothing accounts for them'],
    ['calls', result.calls, `replayed, ${count(result.callsPlacedEarly)} of them ahead of their line`],
    ['differences', result.differences, 'calls that gave something else than recorded'],
  ]
  const columns = [{ head: '' }, { head: 'count', align: 'right' as const }, { head: '' }]
  const table = printGrid(
    columns,
    rows.map(([name, number, meaning]) => [name, count(number), meaning]),
  )
  return `${trace} on ${result.design}, ${result.memory}\n\n${table}${details(result)}\n${verdict(result)}\n`
}

function details(result: UffdReplayResult): string {
  const letters = { m: 'read of an absent page', M: 'write of an absent page', w: 'write of a protected page' }
  const messages = result.unexplainedMessages
    .slice(0, NAMED)
    .map(({ line, access, block, page, why }) => `  line ${line}: ${letters[access]} ${block}:0x${page.toString(16)}: ${why}`)
  const calls = result.callDifferences.slice(0, NAMED).map(({ line, what }) => `  line ${line}: ${what}`)
  return [...part('Unexplained', messages, result.unexplained), ...part('Different', calls, result.differences)].join('')
}

function part(title: string, lines: readonly string[], all: number): readonly string[] {
  if (lines.length === 0) return []
  const more = all > lines.length ? [`  and ${count(all - lines.length)} more`] : []
  return [`\n${[`${title}:`, ...lines, ...more].join('\n')}\n`]
}

function verdict(result: UffdReplayResult): string {
  const calls =
    result.differences === 0 ? 'every call gave what was recorded' : `${count(result.differences)} calls gave something else than recorded`
  if (result.unexplained > 0) return `${count(result.unexplained)} of ${count(result.recordedMessages)} messages are unexplained; ${calls}.`
  return `All ${count(result.recordedMessages)} messages are explained; ${calls}.`
}

/** What a recorded program made the design's kernel do. */
export function printCounters(trace: string, result: WorkloadResult): string {
  const counters = Object.entries(result.counters).filter(([, number]) => number > 0)
  const columns = [{ head: 'counter' }, { head: 'count', align: 'right' as const }]
  const rows = [...counters, ['pageTableBytes (peak)', result.pageTableBytes] as const]
  return `${trace} on ${result.design}, ${result.memory}, untracked and undisturbed\n\n${printGrid(
    columns,
    rows.map(([name, number]) => [name, count(number)]),
  )}`
}

/**
 * What `faultline scripts` prints: cases by memory types, then why what could not be said, and what went wrong.
 * @module
 */
import type { CaseResult, InexpressibleCase, Script, Verdict } from '@faultline/conformance'
import { MEMORY_TYPES, type Memory, type System } from '@faultline/program'
import { count, printGrid } from './grid.ts'

/** How a case went for a memory type: as run, or known beforehand not to be expressible. */
export interface ScriptOutcome {
  readonly suite: string
  readonly name: string
  readonly memory: Memory
  readonly verdict: Verdict
  readonly why?: string
  readonly failures: CaseResult['failures']
}

/** All of a run. */
export interface ScriptReport {
  /** Who ran them: the model, the running kernel, or its recordings. */
  readonly system: System['kind']
  /** Its name, with where its answers come from: `linux-6.18 (model)`, `linux-6.18.44 (live)`. */
  readonly name: string
  readonly outcomes: readonly ScriptOutcome[]
  /** Cases that no memory type has. */
  readonly elsewhere: readonly InexpressibleCase[]
}

const MARKS: Readonly<Record<Verdict, string>> = { pass: 'pass', fail: 'FAIL', 'not expressible': 'n/e' }

/** The table, the reasons, the failures and a sum. */
export function printScripts(report: ScriptReport): string {
  const { outcomes, elsewhere } = report
  const parts = [printTable(outcomes), printReasons(outcomes, elsewhere), printFailures(outcomes), printSum(report)]
  return parts.filter((part) => part !== '').join('\n')
}

function printTable(outcomes: readonly ScriptOutcome[]): string {
  const rows = new Map<string, Map<Memory, Verdict>>()
  for (const { suite, name, memory, verdict } of outcomes) {
    const row = rows.get(`${suite}/${name}`) ?? new Map<Memory, Verdict>()
    rows.set(`${suite}/${name}`, row.set(memory, verdict))
  }
  if (rows.size === 0) return ''
  const memories = MEMORY_TYPES.filter((memory) => outcomes.some((outcome) => outcome.memory === memory))
  const columns = [{ head: 'case' }, ...memories.map((memory) => ({ head: memory }))]
  const cells = [...rows].map(([name, row]) => [name, ...memories.map((memory) => mark(row.get(memory)))])
  return printGrid(columns, cells)
}

function mark(verdict: Verdict | undefined): string {
  return verdict === undefined ? '–' : MARKS[verdict]
}

/** One line a case: the memory types that share a reason are named together. */
function printReasons(outcomes: readonly ScriptOutcome[], elsewhere: readonly InexpressibleCase[]): string {
  const reasons = new Map<string, { readonly head: string; readonly why: string; readonly memories: Memory[] }>()
  for (const { suite, name, memory, verdict, why = '' } of outcomes) {
    if (verdict !== 'not expressible') continue
    const key = `${suite}/${name}\n${why}`
    const reason = reasons.get(key) ?? { head: `${suite}/${name}`, why, memories: [] }
    reason.memories.push(memory)
    reasons.set(key, reason)
  }
  const lines = [...reasons.values()].map(({ head, why, memories }) => `${head} (${memories.join(', ')}): not expressible: ${why}`)
  for (const entry of elsewhere) lines.push(`${entry.suite}/${entry.case}: not expressible: ${entry.why}`)
  return lines.map((line) => `${line}\n`).join('')
}

function printFailures(outcomes: readonly ScriptOutcome[]): string {
  let text = ''
  for (const { suite, name, memory, failures } of outcomes) {
    for (const { step, operation, expected, got } of failures) {
      text += `${suite}/${name} on ${memory}, step ${step + 1}: ${operation}\n  expected ${expected}\n  got      ${got}\n`
    }
  }
  return text
}

function printSum({ name, outcomes, elsewhere }: ScriptReport): string {
  const cases = new Set(outcomes.map(({ suite, name }) => `${suite}/${name}`)).size + elsewhere.length
  const of = (verdict: Verdict): string => count(outcomes.filter((outcome) => outcome.verdict === verdict).length)
  const runs = `${of('pass')} pass, ${of('fail')} fail, ${of('not expressible')} not expressible`
  return `${name}: ${count(cases)} cases, ${count(outcomes.length)} with a memory type: ${runs}\n`
}

/** What `--list` prints: one row a case. */
export function printScriptList(scripts: readonly Script[]): string {
  const columns = [
    { head: 'case', width: 62 },
    { head: 'shows', width: 58 },
  ]
  return printGrid(
    columns,
    scripts.map((script) => [`${script.suite}/${script.name}`, `${script.program.name ?? ''} (${script.memories.join(', ')})`]),
  )
}

/** The same as data. */
export function scriptsJson({ system, name, outcomes, elsewhere }: ScriptReport): string {
  return `${JSON.stringify({ format: 'faultline-scripts 1', system, name, outcomes, elsewhere }, null, 2)}\n`
}

/**
 * The page docs/selftests.md: every case, for which memory types it has a script, and why others have none.
 * @module
 */
import { MEMORY_TYPES, type Memory } from '@faultline/program'
import type { InexpressibleCase, Script } from './scripts.ts'

const HEAD = `# The kernel's selftests as programs

Every case below is one file of \`packages/conformance/scripts/\`, in the operation language (docs/operation-language.md), named as the
selftest names it and written from what that asserts. \`npx faultline scripts\` runs them on the model; regions are smaller than in the
selftests, and pages carry a stamp instead of a pattern.

This page is written by \`node --conditions=@faultline/source --import tsx scripts/write-selftests.ts\`; a test holds it against the files.
`

/** The page. */
export function selftestsPage(scripts: readonly Script[], inexpressible: readonly InexpressibleCase[]): string {
  const suites = [...new Set([...scripts, ...inexpressible].map(({ suite }) => suite))]
  return `${HEAD}\n${summary(scripts, inexpressible)}\n${suites.map((suite) => section(suite, scripts, inexpressible)).join('')}`
}

function summary(scripts: readonly Script[], inexpressible: readonly InexpressibleCase[]): string {
  const known = new Set(inexpressible.map((entry) => `${entry.suite}/${entry.case}`))
  const expressible = scripts.filter(({ suite, name }) => !known.has(`${suite}/${name}`))
  const runs = expressible.reduce((sum, script) => sum + script.memories.length, 0)
  return `${expressible.length} cases run, ${runs} counting each memory type; ${inexpressible.length} are not expressible.\n`
}

function section(suite: string, scripts: readonly Script[], inexpressible: readonly InexpressibleCase[]): string {
  const missing = inexpressible.filter((entry) => entry.suite === suite)
  const waiting = new Set(missing.map((entry) => entry.case))
  const own = scripts.filter((script) => script.suite === suite && !waiting.has(script.name))
  const columns = MEMORY_TYPES.filter((memory) => own.some(({ memories }) => memories.includes(memory)))
  let text = `\n## ${suite}\n`
  if (own.length > 0) {
    text += `\n| case | shows | ${columns.join(' | ')} |\n| --- | --- |${' --- |'.repeat(columns.length)}\n`
    for (const script of own) text += row(script, columns)
  }
  if (missing.length > 0) text += `\nNot expressible:\n\n${missing.map(reason).join('')}`
  return text
}

function row({ name, program, memories }: Script, columns: readonly Memory[]): string {
  const marks = columns.map((memory) => (memories.includes(memory) ? '✔' : ''))
  return `| ${name} | ${program.name ?? ''} | ${marks.join(' | ')} |\n`
}

function reason({ case: name, memories, why }: InexpressibleCase): string {
  return `- ${name}${memories.length === 0 ? '' : ` (${memories.join(', ')})`}: ${why}.\n`
}

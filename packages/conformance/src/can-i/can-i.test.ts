import { createModel, linuxRelease } from '@faultline/designs'
import { type Recording, recordedSystem } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { recordedAnswers } from '../load-recordings.ts'
import { ask, GROUNDS, QUESTIONS, type Reply } from './index.ts'

const SYSCTL = '/proc/sys/vm/unprivileged_userfaultfd'
const AGAIN = 'record them again: npx faultline record --can-i --out packages/conformance/can-i'
const cells = QUESTIONS.flatMap((question) => GROUNDS.map((ground) => ({ question, ground })))

function modelOf(release: string, asker: 'root' | 'nobody', softDirty: boolean) {
  const privilege = { ptrace: asker === 'root', unprivilegedUserfaultfd: false, device: asker === 'root' }
  const design = linuxRelease(release)!
  return createModel({ ...design, softDirty }, { privilege })
}

/** The answer in short: what is needed, or where each way ended. */
function short({ way, refusals, unknown }: Reply): string {
  if (unknown !== undefined) return `unknown: ${unknown}`
  // Who has no rights is not told which frames pages are in.
  const ended = refusals.map(({ operation, got }) => `${operation}: ${got.replace(/ (THP|HUGE)\b/g, '')}`)
  return [...ended, way === undefined ? 'no' : `yes ${way.opener ?? ''} ${way.features.join(',')}`].join('; ')
}

describe.each([
  ['6.1', 'root'],
  ['6.12', 'root'],
  ['6.1', 'nobody'],
  ['6.12', 'nobody'],
  ['6.18', 'root'],
  ['6.18', 'nobody'],
] as const)('recorded: %s, asked by %s', (release, asker) => {
  const recording = recordedAnswers(`linux-${release}`, asker) as Recording
  const privileged = { privileged: asker === 'root' }

  test('says which kernel it was, and how it was built', () => {
    expect(recording, AGAIN).toBeDefined()
    expect(recording.kernel.startsWith(`${release}.`)).toBe(true)
    expect(recording.config.CONFIG_MEM_SOFT_DIRTY).toMatch(/^[yn]$/)
    if (asker === 'nobody') expect(recording.config[SYSCTL]).toBe('0')
  })

  test.each(cells)('$question.name on $ground.name: the model answers as the kernel did', async ({ question, ground }) => {
    const model = modelOf(release, asker, recording.config.CONFIG_MEM_SOFT_DIRTY === 'y')
    const kernel = short(await ask(recordedSystem([recording]), question, ground, privileged))
    expect(kernel, AGAIN).not.toContain('unknown')
    expect(short(await ask(model, question, ground, privileged))).toBe(kernel)
  })
})

import { spawnSync } from 'node:child_process'
import { fuzz, type Pair, shrink } from '@faultline/conformance'
import { createModel, linux519, linux618 } from '@faultline/designs'
import { linuxSystem, planMachine } from '@faultline/linux'
import type { Design } from '@faultline/mm-types'
import { printShort } from '@faultline/program'
import { expect, test } from 'vitest'

/** Why the running kernel is no judge here, or null. Tests change nothing on the machine. */
function whyNot(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'that needs Linux and root'
  if (spawnSync(process.env.CC || 'cc', ['--version']).status !== 0) return 'there is no C compiler'
  const changes = planMachine({ hugePages: 0 }).length
  return changes === 0 ? null : `the machine is not set up for it (faultline verify would change ${changes} settings)`
}

test('a planted fault is found by asking the running kernel, and five operations show it', async ({ skip }) => {
  const why = whyNot()
  if (why !== null) {
    console.warn(`the running kernel is not asked about a planted fault: ${why}`)
    skip(why)
  }
  const spoilt: Design = {
    ...linux618,
    name: 'spoilt',
    arming: { ...linux618.arming, anonUnpopulated: linux519.arming.anonUnpopulated },
  }
  const kernel = linuxSystem()
  try {
    const pair: Pair = { a: createModel(spoilt), b: kernel, ignored: new Set() }
    const limits = { programs: 400, totalOperations: 1e9, milliseconds: 20_000, differences: 1, batch: 20 }
    const { found } = await fuzz(pair, { seed: 2, memories: ['anon'], operations: 30, features: linux618.uffd.features, ...limits })
    const { program } = await shrink(pair, found[0]!.program, found[0]!.difference)
    const lines = printShort(program.map((operation) => ({ operation })))
    expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(5)
    expect(lines.some((line) => line.startsWith('writeprotect '))).toBe(true)
  } finally {
    await kernel.close()
  }
})

import { afterEach, expect, test } from 'vitest'
import { faultline } from '../../test/run.ts'

const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
afterEach(() => Object.defineProperty(process, 'platform', platform))

test('where there is no Linux, doctor says so, and what to use instead', async () => {
  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' })
  const { code, out } = await faultline('doctor')
  expect(code).toBe(3)
  expect(out).toMatch(/^- {3}kernel {2}this is darwin, not Linux\n +run this on Linux/)
  expect(out).toContain('faultline verify --against recorded')
})

test.runIf(process.platform === 'linux')(
  'every line that is not ok has a remedy, and the exit code tells whether the kernel can be asked',
  async () => {
    const { code, out } = await faultline('doctor', '--json', '-')
    const { canBeAsked, checks } = JSON.parse(out)
    expect(code).toBe(canBeAsked ? 0 : 3)
    for (const { ok, remedy, name } of checks) expect(remedy === undefined, name).toBe(ok)
    expect(checks.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['kernel', 'compiler', 'hugetlb', 'swap', 'huge pages', 'ksm']),
    )
  },
)

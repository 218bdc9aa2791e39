import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'
import { mayColor } from './terminal.ts'

async function runSteps(isTTY: boolean): Promise<string> {
  let text = ''
  const progress = createProgress({ isTTY, write: (more) => void (text += more) }, 2)
  await progress.during(async () => {
    progress.step('one')
    progress.within(0.5)
    progress.step('two')
  })
  return text
}

test('elsewhere than on a terminal, a step is a plain line', async () => {
  expect(await runSteps(false)).toBe('[1/2] one\n[2/2] two\n')
})

test('on a terminal one line is rewritten, and gone at the end', async () => {
  const text = await runSteps(true)
  expect(text).toContain('[1/2] one … 50 %')
  expect(text).not.toContain('\n')
  expect(text.endsWith('\r\u001b[2K')).toBe(true)
})

test('the line is gone before an error is told, too', async () => {
  let text = ''
  const progress = createProgress({ isTTY: true, write: (more) => void (text += more) }, 1)
  const work = progress.during(async () => {
    progress.step('one')
    throw new Error('no')
  })
  await expect(work).rejects.toThrow('no')
  expect(text.endsWith('\r\u001b[2K')).toBe(true)
})

test.each([
  [true, {}, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { CI: 'true', FORCE_COLOR: '1' }, false],
])('terminal %s, environment %j: colours %s', (isTTY, env, expected) => {
  expect(mayColor(isTTY, env)).toBe(expected)
})

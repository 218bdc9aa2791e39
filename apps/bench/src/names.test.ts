import { expect, test } from 'vitest'
import { UsageError } from './errors.ts'
import { oneOf, unknownName, wholeNumber } from './names.ts'

const legal = ['linux-5.7', 'linux-6.18', 'hugh-swp-type']

test('a legal name is taken as it is', () => {
  expect(oneOf('design', 'linux-6.18', legal)).toBe('linux-6.18')
})

test.each([
  ['linux-6.8', 'did you mean linux-6.18?'],
  ['Linux-5.7', 'did you mean linux-5.7?'],
  ['', 'the nearest is linux-5.7, of linux-5.7, linux-6.18, hugh-swp-type'],
])('%j is refused with the nearest', (word, suggestion) => {
  expect(() => oneOf('design', word, legal)).toThrow(new UsageError(`unknown design ${JSON.stringify(word)}; ${suggestion}`))
})

test('the refusal stays one line and shows what cannot be seen', () => {
  expect(unknownName('design', 'a\n\u001b[31m', legal).message).toMatch(/^[ -~]+$/)
})

test.each(['', '-1', '1.5', '1e3', '0x10', '11', ' 3', 'ten'])('%j is no number from 0 to 10', (text) => {
  expect(() => wholeNumber('--seed', text, 0, 10)).toThrow('expected a whole number from 0 to 10')
})

test('the limits themselves are legal', () => {
  expect([wholeNumber('--seed', '0', 0, 10), wholeNumber('--seed', '10', 0, 10)]).toEqual([0, 10])
})

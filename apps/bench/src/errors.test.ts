import { expect, test } from 'vitest'
import { describeError, exitCodeOf, UsageError } from './errors.ts'

test('what a person causes is one line', () => {
  expect(describeError(new UsageError('a\n  b'))).toBe('faultline: a b\n')
  expect(exitCodeOf(new UsageError('a'))).toBe(2)
})

test('memory that the machine does not have is the machine’s fault', () => {
  const error = catchError(() => new Int32Array(2 ** 40))
  const refused = catchError(() => new ArrayBuffer(2 ** 52))
  expect([exitCodeOf(refused), exitCodeOf(new RangeError('Array buffer allocation failed'))]).toEqual([3, 3])
  expect(describeError(refused)).toMatch(/^faultline: this machine has too little free memory.*\n$/)
  expect(exitCodeOf(error)).not.toBe(2)
})

test('anything else is a bug, told with its stack', () => {
  const error = new TypeError('x is not a function')
  expect(exitCodeOf(error)).toBe(70)
  expect(describeError(error)).toContain('errors.test.ts')
})

function catchError(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

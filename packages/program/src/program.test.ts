import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { InstantiationError, instantiate, parseProgram, programOf } from './index.ts'

const read = (lines: string) => parseProgram(`faultline-program 1\n${lines}`)

describe('instantiate', () => {
  const program = read(
    'name p\nmemory anon shmem-private hugetlb\nfile f 4 huge=memory\nmmap A 4 memory rw file=f pgoff=1 huge=1G\n@anon read A',
  )

  test('maps the memory type it is given', () => {
    expect(instantiate(program, 'shmem-private').steps.map((step) => step.operation)).toEqual([
      { op: 'file', file: 'f', pages: 4 },
      { op: 'mmap', region: 'A', pages: 4, memory: 'shmem-private', prot: 'rw', file: 'f', pgoff: 1 },
    ])
    expect(instantiate(program, 'hugetlb').steps.map((step) => step.operation)).toEqual([
      { op: 'file', file: 'f', pages: 4, hugeShift: 21 },
      { op: 'mmap', region: 'A', pages: 4, memory: 'hugetlb', prot: 'rw', file: 'f', pgoff: 1, hugeShift: 30 },
    ])
  })

  test('leaves the file of anonymous memory unmapped, and keeps the steps for it', () => {
    expect(instantiate(program, 'anon').steps.map((step) => step.operation)).toEqual([
      { op: 'file', file: 'f', pages: 4 },
      { op: 'mmap', region: 'A', pages: 4, memory: 'anon', prot: 'rw' },
      { op: 'read', at: { region: 'A', page: 0, byte: 0 } },
    ])
  })

  test('keeps what the program does not leave open', () => {
    const fixed = read('file f 4 huge=1G\nmmap A 4 shmem rw file=f pgoff=1')
    expect(instantiate(fixed).steps).toEqual(fixed.steps)
    expect(instantiate(fixed, 'anon').steps).toEqual(fixed.steps)
  })

  test('refuses what does not go together', () => {
    expect(() => instantiate(program, 'shmem')).toThrow(
      new InstantiationError(program, 'not meant for shmem', 'use one of: anon shmem-private hugetlb'),
    )
    expect(() => instantiate(read('mmap A 4 memory rw'))).toThrow(
      'program: mmap A leaves its memory open, and no memory type is given; give one',
    )
    expect(() => instantiate(read('file f 4 huge=memory'))).toThrow('file f leaves its page size open')
    expect(() => instantiate(read('@anon exit'))).toThrow('a part is for some memory types only')
  })
})

test('programOf gives what its operations print as', () => {
  expect(programOf([{ op: 'exit' }], 'p')).toEqual(read('name p\nexit'))
  expect(programOf([{ op: 'exit' }])).toEqual(read('exit'))
})

test('the example of the README runs and prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const source = /```js\n([\s\S]*?)```/.exec(readme)![1]!
  const printed: string[] = []
  const body = source.replace(/import (\{[^}]*\}) from '@faultline\/program'/, 'const $1 = library').replaceAll('console.log(', 'print(')
  const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => (...args: unknown[]) => Promise<void>
  await new AsyncFunction('library', 'print', body)(await import('./index.ts'), (line: unknown) => printed.push(String(line)))
  const promised = [...source.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map((match) => match[1])
  expect(promised.length).toBeGreaterThan(2)
  expect(printed).toEqual(promised)
})

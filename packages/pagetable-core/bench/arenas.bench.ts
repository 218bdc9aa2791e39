import { bench, describe } from 'vitest'
import { createMachine } from '../src/machine.ts'

const FRAMES = 4096

describe('frames that came back in random order', () => {
  const { frames } = createMachine()
  const order = Int32Array.from({ length: FRAMES }, () => frames.alloc(0)).sort((a, b) => ((a * 7919) % FRAMES) - ((b * 7919) % FRAMES))
  bench('4,096 freed and taken again, lowest first: frames.ts, free-frames.ts', () => {
    for (const pfn of order) frames.put(pfn)
    for (let i = 0; i < FRAMES; i++) frames.alloc(0)
  })
})

describe('tables', () => {
  bench('a machine of 1,024 tables: page-tables.ts', () => {
    const { tables } = createMachine()
    for (let i = 0; i < 1024; i++) tables.alloc(0)
  })
  const { tables } = createMachine()
  bench('1,024 taken and given back', () => {
    const taken: number[] = []
    for (let i = 0; i < 1024; i++) taken.push(tables.alloc(0))
    for (const table of taken) tables.free(table)
  })
})

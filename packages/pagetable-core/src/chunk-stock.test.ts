import { LEVEL_PGD } from '@faultline/mm-types'
import { describe, expect, it } from 'vitest'
import { ChunkStock } from './chunk-stock.ts'
import { createMachine } from './machine.ts'

describe('buffers that machines give back', () => {
  it('are all zero when the next one takes them', () => {
    const stock = new ChunkStock()
    const first = createMachine({}, undefined, stock)
    const pgd = first.tables.alloc(LEVEL_PGD)
    const table = first.tables.pteTableAlloc(pgd, 7)
    first.tables.set(table, 7, 0x1067, 1)
    first.frames.setStamp(first.frames.alloc(0), 42)
    const los = first.tables.lo(table)
    first.tables.release()
    first.frames.release()

    const second = createMachine({}, undefined, stock)
    const other = second.tables.alloc(LEVEL_PGD)
    expect(second.tables.pteTable(other, 7)).toBe(0)
    const again = second.tables.pteTableAlloc(other, 7)
    expect(second.tables.hi(again) === los || second.tables.lo(again) === los).toBe(true)
    expect([...second.tables.lo(again).subarray(second.tables.base(again), second.tables.base(again) + 512)].every((lo) => lo === 0)).toBe(
      true,
    )
    expect(second.frames.stamp(second.frames.alloc(0))).toBe(0)
  })

  it('are refused to whoever gave them back', () => {
    const machine = createMachine()
    const pgd = machine.tables.alloc(LEVEL_PGD)
    machine.tables.release()
    machine.tables.release()
    expect(() => machine.tables.pteTable(pgd, 7)).toThrow(TypeError)
  })

  it('are kept up to 16 of a length', () => {
    const stock = new ChunkStock()
    const buffers = Array.from({ length: 40 }, () => new Int32Array(8).fill(1))
    stock.put(buffers)
    const taken = Array.from({ length: 40 }, () => stock.take(8))
    expect(taken.filter((buffer) => buffers.includes(buffer)).length).toBe(16)
    expect(taken.every((buffer) => buffer.every((word) => word === 0))).toBe(true)
  })

  it.each([
    [2 ** 15, true],
    [2 ** 15 + 1, false],
  ])('of %i words are kept: %s', (words, kept) => {
    const stock = new ChunkStock()
    const buffer = new Int32Array(words)
    stock.put([buffer])
    expect(stock.take(words) === buffer).toBe(kept)
  })
})

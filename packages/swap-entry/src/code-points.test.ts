import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARCHITECTURES } from './architectures.ts'
import { bitsHi, bitsLo, fieldBits } from './bits.ts'
import { flagRoom, readAsSwapEntry, spareSwapBits, specialCodePoint } from './code-points.ts'
import { layoutMaxSwapPages, layoutPteNone, layoutPtePresent, layoutSwpPteHi, layoutSwpPteLo } from './layout.ts'

describe.each(ARCHITECTURES)('$name', (architecture) => {
  const { swap, present } = architecture
  const spare = spareSwapBits(swap)

  it('reads a swap pte the same with any of its spare bits set', () => {
    const slot = fc.integer({ min: 1, max: layoutMaxSwapPages(swap) - 1 })
    fc.assert(
      fc.property(fc.nat(31), slot, fc.subarray(spare), (type, offset, set) => {
        const lo = layoutSwpPteLo(swap, type, offset) | bitsLo(set)
        const hi = layoutSwpPteHi(swap, type, offset) | bitsHi(set)
        expect(readAsSwapEntry(swap, lo, hi)).toEqual({ type, offset, slot: 'slot' })
        expect([layoutPtePresent(swap, lo, hi), layoutPteNone(swap, lo, hi)]).toEqual([false, false])
      }),
      { numRuns: 300 },
    )
  })

  it('has a special word that is neither none nor present, and no pte of a slot', () => {
    const point = specialCodePoint(swap)
    if (point === undefined) return expect([spare, swap.uffdWpBit, swap.exclusiveBit]).toEqual([[], -1, -1])
    expect([layoutPtePresent(swap, point.lo, point.hi), layoutPteNone(swap, point.lo, point.hi)]).toEqual([false, false])
    const read = readAsSwapEntry(swap, point.lo, point.hi)
    expect(read.type).toBe(0)
    if (read.slot === 'slot') {
      const fields = [layoutSwpPteLo(swap, 0, read.offset), layoutSwpPteHi(swap, 0, read.offset)]
      expect([point.lo & ~bitsLo([point.bit]), point.hi & ~bitsHi([point.bit])]).not.toEqual(fields)
    }
  })

  it('finds room for missing flags only where nothing else is, and once', () => {
    const room = flagRoom(architecture)
    const swapBits = room.map((each) => each.freeSwapBit).filter((bit) => bit >= 0)
    const presentBits = room.map((each) => each.freePresentBit).filter((bit) => bit >= 0)
    expect(new Set(swapBits).size).toBe(swapBits.length)
    expect(swapBits.filter((bit) => !spare.includes(bit))).toEqual([])
    expect(presentBits.filter((bit) => present.takenBits.includes(bit) || !present.softwareBits.includes(bit))).toEqual([])
    for (const each of room) expect(each.swapBit >= 0 && each.freeSwapBit >= 0).toBe(false)
  })
})

describe('on every architecture', () => {
  it('the special word is what the debate needs: bit 2 on x86-64, no free bit on arm', () => {
    const points = ARCHITECTURES.map(({ name, swap }) => {
      const point = specialCodePoint(swap)
      return point ? `${name}: bit ${point.bit}, ${point.role}` : `${name}: none`
    })
    expect(points).toEqual([
      'x86-64: bit 2, uffd-wp',
      'x86-64-5level: bit 2, uffd-wp',
      'i386-pae: bit 1, spare',
      'arm64: bit 3, uffd-wp',
      'arm-short: bit 7, exclusive',
      'arm-short-6.1: none',
      'arm-lpae: bit 32, spare',
      'riscv64: bit 4, spare',
      'riscv64-svrsw60t59b: bit 4, uffd-wp',
      's390x: bit 7, spare',
      'ppc64-hash: bit 7, spare',
      'ppc64-hash-4k: bit 7, spare',
      'ppc64-radix: bit 6, spare',
      'ppc64-radix-4k: bit 6, spare',
    ])
  })

  it('the bits without a meaning are those that the tables of the formats leave blank', () => {
    const rows = ARCHITECTURES.map(({ name, swap }) => `${name}: ${spareSwapBits(swap).join(' ')}`)
    const above32 = fieldBits(32, 32).join(' ')
    expect(rows).toEqual([
      'x86-64: 4',
      'x86-64-5level: 4',
      'i386-pae: 1 2 3 4',
      'arm64: 4 5 62 63',
      'arm-short: ',
      'arm-short-6.1: ',
      `arm-lpae: ${above32}`,
      'riscv64: 4',
      'riscv64-svrsw60t59b: ',
      's390x: 7 8',
      'ppc64-hash: 7 8 10 11 13 14 15 53 54 56 57 58 59 60',
      'ppc64-hash-4k: 7 8 10 11 57 58 59',
      'ppc64-radix: 6 7 8 10 11 12 13 14 15 53 54 55 56 57 58 59 60',
      'ppc64-radix-4k: 6 7 8 10 11 53 54 55 56 57 58 59 60',
    ])
  })

  it('a uffd-wp flag is there, or finds a bit, or finds none: in a swap pte, in a present one', () => {
    const where = (bit: number, free: number): string => (bit >= 0 ? `${bit}` : free >= 0 ? `free ${free}` : 'no room')
    const rows = ARCHITECTURES.map((architecture) => {
      const [wp] = flagRoom(architecture)
      return `${architecture.name}: ${where(wp.swapBit, wp.freeSwapBit)}, ${where(wp.presentBit, wp.freePresentBit)}`
    })
    expect(rows).toEqual([
      'x86-64: 2, 10',
      'x86-64-5level: 2, 10',
      'i386-pae: free 1, free 11',
      'arm64: 3, 58',
      'arm-short: no room, no room',
      'arm-short-6.1: no room, no room',
      'arm-lpae: free 32, free 59',
      'riscv64: free 4, free 9',
      'riscv64-svrsw60t59b: 4, 60',
      's390x: free 7, no room',
      'ppc64-hash: free 7, free 11',
      'ppc64-hash-4k: free 7, free 11',
      'ppc64-radix: free 6, free 11',
      'ppc64-radix-4k: free 6, free 11',
    ])
  })
})

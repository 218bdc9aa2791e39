import { PTE_MARKER_GUARD, PTE_MARKER_POISONED, PTE_MARKER_UFFD_WP } from '@faultline/mm-types'
import { describe, expect, it } from 'vitest'
import { ARCHITECTURES } from './architectures.ts'
import { type ArchitectureBudget, type BudgetConfig, budgetConfigs, encodingBudget } from './budget.ts'

const NOTHING: BudgetConfig = { migration: false, memoryFailure: false, devicePrivate: false }
const EVERYTHING: BudgetConfig = { migration: true, memoryFailure: true, devicePrivate: true }
const GIB = 2 ** 30
const TIB = 2 ** 40

const named = (name: string, config: BudgetConfig): ArchitectureBudget => {
  const architecture = ARCHITECTURES.find((each) => each.name === name)
  if (architecture === undefined) throw new Error(name)
  return encodingBudget(architecture, config)
}
const files = (budget: ArchitectureBudget): number[] => budget.encodings.map((each) => each.swapFiles)
const collisions = (name: string): string[] => named(name, EVERYTHING).encodings.map((each) => each.collision)

describe.each(ARCHITECTURES)('$name', (architecture) => {
  it('leaves the swap files that MAX_SWAPFILES has, one fewer with the pte marker', () => {
    for (const config of budgetConfigs(architecture)) {
      const { config: inForce, encodings } = encodingBudget(architecture, config)
      const { migration, memoryFailure, devicePrivate } = inForce
      const others = (migration ? 3 : 0) + (memoryFailure ? 1 : 0) + (devicePrivate ? 3 : 0)
      for (const each of encodings) {
        expect(each.swapFiles).toBe(32 - others - (each.encoding === 'pte-marker' ? 1 : 0))
        expect(each.swapFilesBesideMarkers).toBe(32 - others - 1)
      }
    }
  })

  it('answers the same again and leaves its argument alone', () => {
    const before = structuredClone(architecture)
    expect(encodingBudget(architecture, EVERYTHING)).toEqual(encodingBudget(architecture, EVERYTHING))
    expect(architecture).toEqual(before)
  })

  it('lists four encodings, and what only the pte marker carries', () => {
    const rows = encodingBudget(architecture, NOTHING).encodings
    expect(rows.map((each) => each.encoding)).toEqual(['none', 'special-pte', 'swap-type-1', 'pte-marker'])
    const { bits, swapTypesTaken } = rows[3]
    expect([bits, swapTypesTaken]).toEqual([PTE_MARKER_UFFD_WP | PTE_MARKER_POISONED | PTE_MARKER_GUARD, 1])
    for (const each of rows.slice(1, 3)) expect([each.bits, each.swapTypesTaken]).toEqual([each.possible ? PTE_MARKER_UFFD_WP : 0, 0])
  })
})

describe('swap files', () => {
  it.each([
    [NOTHING, [32, 32, 32, 31]],
    [{ ...NOTHING, migration: true }, [29, 29, 29, 28]],
    [{ ...EVERYTHING, devicePrivate: false }, [28, 28, 28, 27]],
    [EVERYTHING, [25, 25, 25, 24]],
  ])('of x86-64 under %j are %j', (config, expected) => {
    expect(files(named('x86-64', config))).toEqual(expected)
  })

  it('do not depend on options that cannot be selected', () => {
    expect(named('arm-short', EVERYTHING).config).toEqual({ ...NOTHING, migration: true })
    expect(files(named('arm-short', EVERYTHING))).toEqual([29, 29, 29, 28])
    expect(named('x86-64', { ...EVERYTHING, migration: false }).config.devicePrivate).toBe(false)
    expect(budgetConfigs(ARCHITECTURES[0])).toHaveLength(6)
  })
})

describe('the largest swap file', () => {
  it('has the size that the kernel headers name, or that the header of a swap area allows', () => {
    const size = (name: string): number => named(name, NOTHING).maxSwapBytes
    expect([size('arm-short'), size('arm-lpae'), size('arm-short-6.1'), size('i386-pae')]).toEqual([
      64 * GIB,
      64 * GIB,
      128 * GIB,
      256 * GIB,
    ])
    for (const name of ['x86-64', 'x86-64-5level', 'arm64', 'riscv64', 's390x', 'ppc64-hash-4k', 'ppc64-radix-4k']) {
      expect(size(name)).toBe(16 * TIB - 4096)
    }
    for (const name of ['ppc64-hash', 'ppc64-radix']) expect(size(name)).toBe(256 * TIB - 65536)
  })

  it('is halved by a uffd-wp flag only on arm with short descriptors', () => {
    const halved = ARCHITECTURES.map((each) => encodingBudget(each, NOTHING))
      .filter((budget) => budget.maxSwapBytesWithUffdWp < budget.maxSwapBytes)
      .map((budget) => [budget.architecture, budget.maxSwapBytesWithUffdWp / GIB])
    expect(halved).toEqual([
      ['arm-short', 32],
      ['arm-short-6.1', 64],
    ])
  })
})

describe('collisions', () => {
  const HEADER_1 = 'the header of swap file 1, which is never handed out'
  const OWN_TYPE = 'nothing: type 31 of 32 is no swap file'

  it('of x86-64: the special pte reads as a slot that cannot be, type 1 as a header', () => {
    const special = 'slot 1125899906842623 of swap file 0, which is beyond the largest file'
    expect(collisions('x86-64')).toEqual(['nothing', special, HEADER_1, OWN_TYPE])
  })

  it('of i386 with PAE: a reader of 26 bits would find the last slot of a full file', () => {
    expect(collisions('i386-pae')[1]).toMatch(/^slot 67108863 of swap file 0, the last of a file of 67108864 pages/)
  })

  it('of arm before the exclusive flag: no word for a special pte, so only a type can mark', () => {
    const budget = named('arm-short-6.1', EVERYTHING)
    expect(budget.specialCodePoint).toBeUndefined()
    expect(budget.firstEntryIsNone).toBe(true)
    expect(budget.encodings[1]).toMatchObject({ possible: false, lo: 0, hi: 0, readAs: undefined })
    expect(budget.encodings[2]).toMatchObject({ possible: true, lo: 0x4, hi: 0, collision: HEADER_1 })
  })

  it('of all: type 1, offset 0 is the header of swap file 1; type 0 would be none on arm, arm64 and riscv64', () => {
    for (const each of ARCHITECTURES) {
      const { encodings } = encodingBudget(each, EVERYTHING)
      expect(encodings[2].readAs).toEqual({ type: 1, offset: 0, slot: 'header' })
      expect([encodings[2].collision, encodings[3].collision]).toEqual([HEADER_1, OWN_TYPE])
    }
    const none = ARCHITECTURES.filter((each) => encodingBudget(each, NOTHING).firstEntryIsNone).map((each) => each.name)
    expect(none).toEqual(['arm64', 'arm-short', 'arm-short-6.1', 'arm-lpae', 'riscv64', 'riscv64-svrsw60t59b'])
  })
})

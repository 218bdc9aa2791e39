import { SOFTLEAF_DEVICE_PRIVATE, SOFTLEAF_HWPOISON, SOFTLEAF_MARKER, SOFTLEAF_MIGRATION, SOFTLEAF_SWAP } from '@faultline/mm-types'
import { describe, expect, it } from 'vitest'
import { CONFIGS } from '../test/arbitraries.ts'
import { NR_SWP_TYPES, swpTypes } from './swp-types.ts'

describe('swpTypes', () => {
  it('numbers the types as pagemap showed them on the measured machine', () => {
    expect(swpTypes()).toMatchObject({
      nrSwapfiles: 28,
      migrationRead: 28,
      migrationReadExclusive: 29,
      migrationWrite: 30,
      marker: 31,
      hwpoison: -1,
      deviceWrite: -1,
      deviceRead: -1,
      deviceExclusive: -1,
    })
  })

  it('numbers everything when every option is on', () => {
    const types = swpTypes({ memoryFailure: true, devicePrivate: true })
    expect(types).toMatchObject({
      nrSwapfiles: 24,
      hwpoison: 24,
      migrationRead: 25,
      migrationWrite: 27,
      deviceWrite: 28,
      deviceRead: 29,
      deviceExclusive: 30,
      marker: 31,
    })
  })

  it.each([
    [27, { memoryFailure: true }],
    [28, { memoryFailure: true, marker: false }],
    [29, { marker: false }],
    [31, { migration: false }],
    [32, { migration: false, marker: false }],
  ])('leaves %i swap areas under %j', (areas, config) => {
    expect(swpTypes(config).nrSwapfiles).toBe(areas)
  })

  it('gives each of the 32 types one class, in the order areas, hwpoison, migration, device, marker', () => {
    const order = [SOFTLEAF_SWAP, SOFTLEAF_HWPOISON, SOFTLEAF_MIGRATION, SOFTLEAF_DEVICE_PRIVATE, SOFTLEAF_MARKER]
    for (const config of CONFIGS) {
      const t = swpTypes(config)
      const ranks = Array.from(t.classOf, (c) => order.indexOf(c))
      expect(ranks).toHaveLength(NR_SWP_TYPES)
      expect(ranks.every((rank, i) => rank >= 0 && (i === 0 || rank >= ranks[i - 1]))).toBe(true)
      const named = [
        t.hwpoison,
        t.migrationRead,
        t.migrationReadExclusive,
        t.migrationWrite,
        t.deviceWrite,
        t.deviceRead,
        t.deviceExclusive,
        t.marker,
      ]
      const special = named.filter((type) => type >= 0).sort((a, b) => a - b)
      expect(special).toEqual(Array.from({ length: NR_SWP_TYPES - t.nrSwapfiles }, (_, i) => t.nrSwapfiles + i))
      expect(special.every((type) => t.classOf[type] !== SOFTLEAF_SWAP)).toBe(true)
    }
  })

  it('puts the marker at 31 whenever there is one', () => {
    for (const config of CONFIGS) expect(swpTypes(config).marker).toBe(config.marker ? 31 : -1)
  })
})

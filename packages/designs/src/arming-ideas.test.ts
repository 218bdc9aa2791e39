import { type ArmingPolicy, type Design, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { ExpressionError } from '@faultline/program'
import { describe, expect, test } from 'vitest'
import { failures } from '../test/scripts.ts'
import { createModel, hugeZeroPageArming, linux64, wpZeropageV1, zeropageForbidden } from './index.ts'

/** Region A: two ranges of 2 MiB and a half that may be huge, registered for write-protection. */
const HUGE_REGION = `uffd u features=wp_unpopulated
mmap A 1280 anon rw
madvise A 0 1280 hugepage
register u A 0 1280 mode=wp`

const on = (design: Design, ...lines: string[]) => failures(lines.join('\n'), 'anon', design)

describe('the huge zero page', () => {
  test('arms 2 MiB by one entry where they are empty and may be huge, the rest page by page', async () => {
    const lines = [
      HUGE_REGION,
      'writeprotect u A 0 1280 mode=wp',
      'expect A 0 1280 1024x present file ZERO THP +WP | 256x present anon ZERO +WP',
      // One table of ptes, and one deposited for each huge entry, under one of pmds and one of puds.
      'status => bytes 20480',
      'read A+700 => value 0; no messages',
    ]
    expect(await on(hugeZeroPageArming, ...lines)).toEqual([])
  })

  test('reports the first write of each page and no read', async () => {
    const lines = [
      HUGE_REGION,
      'writeprotect u A 0 1280 mode=wp',
      'write A+5 7 => blocked',
      'writeprotect u A 5 1 mode=0 => ok',
      'expect A 4 3 present anon ZERO +WP | present anon excl | present anon ZERO +WP',
      'read A+5 => value 7; no messages',
      'read A+6 => value 0; no messages',
      'write A+6 7 => blocked',
    ]
    expect(await on(hugeZeroPageArming, ...lines)).toEqual([])
  })

  test.each([
    [
      'where something is there already',
      ['write A+3 1', 'writeprotect u A 0 512 mode=wp', 'expect A 3 2 has present +WP', 'expect A 4 1 present anon ZERO +WP'],
      'nohugepage',
    ],
    ['of which only a part is armed', ['writeprotect u A 0 256 mode=wp', 'expect A 255 2 present anon ZERO +WP | none'], 'hugepage'],
  ] as const)('is not taken for a range %s', async (_where, lines, advice) => {
    expect(await on(hugeZeroPageArming, HUGE_REGION, `madvise A 0 512 ${advice}`, ...lines)).toEqual([])
  })

  test('leaves what the small zero page leaves where nothing may be huge', async () => {
    const lines = ['uffd u features=wp_unpopulated', 'mmap A 512 anon rw', 'register u A 0 512 mode=wp', 'writeprotect u A 0 512 mode=wp']
    for (const design of [hugeZeroPageArming, wpZeropageV1])
      expect(await on(design, ...lines, 'expect A 0 512 present anon ZERO +WP', 'status => bytes 12288')).toEqual([])
  })
})

describe('the zero page forbidden', () => {
  const forbidden = (...lines: string[]) => on(zeropageForbidden, ...lines)

  test('a read is given a page of its own, which may be written without a further fault', async () => {
    expect(await forbidden('mmap A 4 anon rw', 'read A => value 0', 'expect A 0 2 present anon excl | none')).toEqual([])
  })

  test('a read is given a huge page of its own', async () => {
    expect(
      await forbidden('mmap A 512 anon rw', 'madvise A 0 512 hugepage', 'read A => value 0', 'expect A 0 512 present anon excl THP'),
    ).toEqual([])
  })

  test('UFFDIO_ZEROPAGE fills with a page of zeroes, over a marker too', async () => {
    const region = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=missing,wp']
    const filled = [
      'zeropage u A 0 1 => result 4096',
      'expect A 0 1 present anon excl',
      'read A => value 0',
      'write A 7 => ok; no messages',
    ]
    expect(await forbidden(...region, ...filled)).toEqual([])
    expect(await forbidden(...region, 'writeprotect u A 0 1 mode=wp', ...filled)).toEqual([])
  })

  test('a page read under a marker is protected', async () => {
    const lines = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=wp', 'writeprotect u A 0 4 mode=wp']
    expect(await forbidden(...lines, 'read A => value 0', 'expect A 0 1 present anon excl +WP', 'write A 7 => blocked')).toEqual([])
  })

  test.each([wpZeropageV1, hugeZeroPageArming])('cannot be had with $name: the error names the seam', (design) => {
    expect(() => createModel({ ...design, forbidsZeropage: true })).toThrow(ExpressionError)
    expect(() => createModel({ ...design, forbidsZeropage: true })).toThrow(`${design.name} cannot express`)
  })
})

test('a further arming policy is one object and one line of a composition', async () => {
  const everySecond: ArmingPolicy = {
    name: 'every-second',
    needsTable: true,
    populates: false,
    mapsHugeZeroPage: false,
    armNone(lo, hi, from, to, { encoding }) {
      let armed = 0
      for (let at = from; at < to; at += 2) {
        if (lo[at] !== 0 || hi[at] !== 0) continue
        lo[at] = encoding.wpLo
        hi[at] = encoding.wpHi
        armed++
      }
      return armed
    },
    source: 'a test',
  }
  const mine: Design = {
    ...linux64,
    arming: { ...linux64.arming, anonUnpopulated: everySecond, unpopulatedFeatures: UFFD_FEATURE_WP_UNPOPULATED },
  }
  const lines = ['uffd u features=wp_unpopulated', 'mmap A 4 anon rw', 'register u A 0 4 mode=wp', 'writeprotect u A 0 4 mode=wp']
  expect(await on(mine, ...lines, 'write A+1 1 => ok', 'write A 1 => blocked')).toEqual([])
})

import {
  hughSwpType,
  linux57,
  linux519,
  linux618,
  mprotectSigsegv,
  noPersistence,
  oracle,
  softDirty,
  wpZeropageV1,
  zapDropped,
} from '@faultline/designs'
import { expect, test } from 'vitest'
import { type Explained, explain } from './why.ts'

const ideal: Explained = {
  lost: 0,
  spurious: 0,
  pagesWritten: 1000,
  lostByCause: {},
  steps: 500,
  messages: 0,
  signals: 0,
  pageTableBytes: 4096,
}
const row = (figures: Partial<Explained>): Explained => ({ ...ideal, steps: 1000, messages: 30, pageTableBytes: 12_288, ...figures })
const losing = (lostByCause: Record<string, number>) =>
  row({ lost: Object.values(lostByCause).reduce((sum, n) => sum + n, 0), lostByCause })

test('the name of a design plays no part', () => {
  const renamed = { ...linux57, name: 'anything' }
  const lost = losing({ 'unpopulated when armed': 3 })
  expect(explain(renamed, 'anon', lost, ideal)).toBe(explain(linux57, 'anon', lost, ideal))
})

test('a loss is put down to the choice that let it happen', () => {
  const unpopulated = losing({ 'unpopulated when armed': 1 })
  const unmapped = losing({ 'unmapped after arming': 1 })
  expect(explain(linux57, 'anon', unpopulated, ideal)).toContain('arming “skip” leaves what is not there unprotected')
  expect(explain(noPersistence, 'shmem', unpopulated, ideal)).toContain('marker encoding “none” keeps nothing')
  expect(explain(noPersistence, 'shmem', unmapped, ideal)).toContain('marker encoding “none” keeps nothing')
  expect(explain({ ...linux519, zap: zapDropped }, 'shmem', unmapped, ideal)).toContain('zap “dropped” drops the protection')
  expect(explain(linux618, 'hugetlb', losing({ 'unmapped after the write': 1 }), ideal)).toContain('tracker “uffd-wp-async”')
})

test('a loss that no choice accounts for is not explained away', () => {
  expect(explain(linux519, 'shmem', losing({ 'resident since armed': 1 }), ideal)).toContain('none of its choices accounts for it')
  expect(explain(linux519, 'shmem', losing({ 'collapsed after arming': 1 }), ideal)).toContain('collapse “per-pte” loses it')
})

test('causes with one reason stand together, the rare ones summed', () => {
  const causes = {
    'unmapped after arming': 1,
    'unmapped when armed': 40,
    'swapped out when armed': 30,
    'collapsed after arming': 2,
    'swapped out after arming': 9,
  }
  expect(explain(noPersistence, 'shmem', losing(causes), ideal)).toContain(
    '(40 unmapped when armed, 30 swapped out when armed, 9 swapped out after arming, 3 otherwise)',
  )
})

test('a row without loss says what keeps it so, or that it was not put to the test', () => {
  expect(explain(wpZeropageV1, 'anon', row({}), ideal)).toContain('“zero-page” protects what is not there;')
  expect(explain(hughSwpType, 'shmem', row({}), ideal)).toContain('“swap-type-1” protects what is not there and what is unmapped')
  expect(explain(noPersistence, 'hugetlb', row({}), ideal)).toContain('writes to no page that it fails to protect')
})

test('a tracker that asks no userfaultfd is not explained by how one arms', () => {
  const unpopulated = losing({ 'unpopulated when armed': 1 })
  expect(explain(softDirty, 'shmem', unpopulated, ideal)).toContain(
    'written: the soft-dirty bit dies with its entry (1 unpopulated when armed)',
  )
  expect(explain(softDirty, 'hugetlb', unpopulated, ideal)).toContain('hugetlb entries have no soft-dirty bit')
  expect(explain(mprotectSigsegv, 'anon', row({ signals: 2 }), ideal)).toMatch(
    /written: the rights are those of the mapping.*, 2 signals to handle/,
  )
})

test('costs are told beside the oracle’s', () => {
  expect(explain(linux57, 'anon', row({ spurious: 1 }), ideal)).toMatch(
    /; reports 1 page that nothing wrote; 2\.00× the oracle’s steps, 30 messages to answer, 8 KiB more page tables\.$/,
  )
  expect(explain(oracle, 'anon', ideal, ideal)).toBe('the oracle is told of every store: it reports the 1,000 pages written and no other.')
})

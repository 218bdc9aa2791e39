import type { Design } from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { allDesigns, interfaceMismatch, linux618 } from './index.ts'

test.each(allDesigns.map((design) => ({ name: design.name, design })))('$name has the interface of a design', ({ design }) => {
  expect(interfaceMismatch(design, 'design')).toBeUndefined()
})

/** Paths of all fields of a design that hold no objects. */
function leaves(value: object, before = ''): string[] {
  return Object.entries(value).flatMap(([name, field]) => {
    const path = before === '' ? name : `${before}.${name}`
    return typeof field === 'object' && !Array.isArray(field) ? leaves(field, path) : [path]
  })
}

function changed(value: object, [name, ...rest]: readonly string[], to: unknown): object {
  const field = (value as Record<string, unknown>)[name!]
  return { ...value, [name!]: rest.length === 0 ? to : changed(field as object, rest, to) }
}

describe('no field of a design may be missing, or of another type', () => {
  test.each(leaves(linux618))('%s', (path) => {
    const wrongType = path.endsWith('features') || path.endsWith('Features') ? 'all' : { not: 'this' }
    for (const to of [undefined, wrongType]) {
      const found = interfaceMismatch(changed(linux618, path.split('.'), to), 'design')
      expect(found?.seam).toBe(path)
      expect(found?.expected).not.toBe('')
    }
  })
})

test.each([
  [{ ...linux618, zap: undefined }, 'zap', 'nothing', 'a ZapPersistence'],
  [null, '', 'null', 'a Design'],
  [
    { ...linux618, uffd: { ...linux618.uffd, wpMemory: ['anon', 'file'] } },
    'uffd.wpMemory[1]',
    '"file"',
    'one of "anon", "shmem", "hugetlb"',
  ],
  [{ ...linux618, tracker: { ...linux618.tracker, mechanism: 'magic' } }, 'tracker.mechanism', '"magic"', 'one of "uffd-wp-sync"'],
  [{ ...linux618, name: ' ' }, 'name', '" "', 'some text'],
  [{ ...linux618, backends: { shmem: { name: 'shmem' } } }, 'backends.shmem.source', 'nothing', 'some text'],
  [
    { ...linux618, zap: { ...linux618.zap, keepsUffdWp: (_mm: unknown, _vma: unknown, _flags: unknown) => true } },
    'zap.keepsUffdWp',
    'a function of 3 parameters',
    'a function (vmFlags, zapFlags) => boolean',
  ],
] as readonly [unknown, string, string, string][])(
  'a mismatch says where, what is there and what would be right: %#',
  (value, seam, found, right) => {
    const mismatch = interfaceMismatch(value as Design, 'design')
    expect(mismatch).toMatchObject({ seam, found })
    expect(mismatch?.expected).toContain(right)
  },
)

import { PAGE_IS_WRITTEN, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { type Operation, place, range } from '@faultline/program'
import { bench, describe } from 'vitest'
import { createModel, linux618 } from '../src/index.ts'

// Under vitest every constant that is imported is looked up anew, so that what looks at entries takes some fifty times as long as it does in
// `faultline speed`: compare runs with each other, and what looks at entries with what does not.

/** 32 tables of ptes: multiply the rate by this for pages a second. */
const PAGES = 16384
const all = range('A', 0, PAGES)

function watched(populated: boolean) {
  const session = createModel(linux618).open()
  const perform = (operation: Operation) => session.perform(operation)
  perform({ op: 'mmap', region: 'A', pages: PAGES, memory: 'anon', prot: 'rw' })
  perform({ op: 'madvise', range: all, advice: 'nohugepage' })
  if (populated) perform({ op: 'madvise', range: all, advice: 'populate_write' })
  perform({ op: 'userfaultfd', uffd: 'u', flags: 0 })
  perform({ op: 'api', uffd: 'u', features: UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED, version: 0xaa })
  perform({ op: 'register', uffd: 'u', range: all, mode: 2 })
  return perform
}

const protect = (mode: number): Operation => ({ op: 'writeprotect', uffd: 'u', range: all, mode })
const scan: Operation = {
  op: 'scan',
  range: all,
  flags: 0,
  inverted: 0,
  mask: PAGE_IS_WRITTEN,
  anyof: 0,
  returned: PAGE_IS_WRITTEN,
  maxPages: 0,
  vecLen: PAGES,
}
const pagemap: Operation = { op: 'pagemap', range: all }

// What policy-uffd's protect-span.ts and unprotect-span.ts do to each entry.
describe('UFFDIO_WRITEPROTECT of present pages', () => {
  const perform = watched(true)
  bench('on and off', () => {
    perform(protect(1))
    perform(protect(0))
  })
})

// What is known of a table spares the look at its entries: these cost once a table.
describe('tables that are known', () => {
  const present = watched(true)
  present(protect(1))
  bench('arming present pages again', () => void present(protect(1)))
  bench('a scan that finds none written', () => void present(scan))
  const markers = watched(false)
  markers(protect(1))
  bench('arming markers again', () => void markers(protect(1)))
  bench('a scan of markers', () => void markers(scan))
})

// What mm's scan-output.ts and pagemap.ts do to each page.
describe('reading every other written page', () => {
  const perform = watched(true)
  perform(protect(1))
  for (let page = 0; page < PAGES; page += 2) perform({ op: 'write', at: place('A', page), value: 1 })
  bench('PAGEMAP_SCAN', () => void perform(scan))
  bench('pagemap', () => void perform(pagemap))
})

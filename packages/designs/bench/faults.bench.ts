import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { range } from '@faultline/program'
import { bench, describe } from 'vitest'
import { createModel, linux618 } from '../src/index.ts'

// Under vitest every constant that is imported is looked up anew: compare runs with each other, and never with `faultline speed`.

const PAGES = 4096
const FIRST = 0x10000000
const HOT = 511
const all = range('A', 0, PAGES)

function machine() {
  const session = createModel(linux618).open()
  session.perform({ op: 'mmap', region: 'A', pages: PAGES, memory: 'anon', prot: 'rw', vpn: FIRST })
  session.perform({ op: 'madvise', range: all, advice: 'nohugepage' })
  session.perform({ op: 'userfaultfd', uffd: 'u', flags: 0 })
  session.perform({ op: 'api', uffd: 'u', features: UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED, version: 0xaa })
  session.perform({ op: 'register', uffd: 'u', range: all, mode: 2 })
  const batch = {
    vpns: Int32Array.from({ length: PAGES }, (_, i) => FIRST + (i & HOT)),
    writes: new Uint8Array(PAGES).fill(1),
    stamps: new Int32Array(PAGES),
  }
  return {
    each(write: boolean, mask = -1): void {
      for (let i = 0; i < PAGES; i++) session.access('main', FIRST + (i & mask), write, i)
    },
    protect: () => void session.perform({ op: 'writeprotect', uffd: 'u', range: all, mode: 1 }),
    dontneed: () => void session.perform({ op: 'madvise', range: all, advice: 'dontneed' }),
    resolve(): void {
      for (let vpn = FIRST; vpn < FIRST + PAGES; vpn++) session.writeprotect('u', vpn, 1, 0)
    },
    batch: () => void session.accessMany('main', batch, 0, PAGES),
  }
}

describe('4,096 accesses', () => {
  const { each, protect, dontneed, resolve, batch } = machine()
  bench('through the TLB: access.ts, tlb.ts', () => each(true, HOT))
  bench('through the TLB, in a batch: access-many.ts', batch)
  bench('first touch, after MADV_DONTNEED: fault.ts, frames.ts', () => {
    dontneed()
    each(true)
  })
  bench('stores to armed pages, WP_ASYNC: fault.ts', () => {
    protect()
    each(true)
  })
  bench('loads of markers: fault.ts, swap-entry', () => {
    dontneed()
    protect()
    each(false)
  })
  bench('ending the protection of one page: model-session.ts, write-protect.ts', () => {
    protect()
    resolve()
  })
})

import type { Advice, Memory } from '@faultline/program'
import { range } from '@faultline/program'
import { bench, describe } from 'vitest'
import { createModel, linux618 } from '../src/index.ts'

const PAGES = 8192
const FIRST = 0x10000000
const HUGE_PAGES = 512

/** A machine with one mapping, touched. */
function machine(memory: Memory, advice: Advice) {
  const session = createModel(linux618).open()
  const unit = memory === 'anon' ? 1 : HUGE_PAGES
  const whole = range('A', 0, PAGES / unit)
  const map = (): void => {
    session.perform({ op: 'mmap', region: 'A', pages: PAGES / unit, memory, prot: 'rw', vpn: FIRST })
    if (unit === 1) session.perform({ op: 'madvise', range: whole, advice })
  }
  const touch = (stride = 1): void => {
    for (let page = 0; page < PAGES; page += stride) session.access('main', FIRST + page, true, page)
  }
  map()
  touch(unit)
  return { session, whole, map, touch, advise: (by: Advice) => void session.perform({ op: 'madvise', range: whole, advice: by }) }
}

describe(`${PAGES} pages of 4 KiB`, () => {
  const forked = machine('anon', 'nohugepage')
  bench('fork, and exit of the child: copy-plain.ts, drop-run.ts', () => {
    forked.session.perform({ op: 'fork', child: 'child' })
    forked.session.perform({ op: 'exit', process: 'child' })
  })

  const dropped = machine('anon', 'nohugepage')
  bench('touch and MADV_DONTNEED: drop-run.ts', () => {
    dropped.touch()
    dropped.advise('dontneed')
  })

  const swapped = machine('anon', 'nohugepage')
  bench('MADV_PAGEOUT and touch: swap-run.ts', () => {
    swapped.advise('pageout')
    swapped.touch()
  })
})

describe(`${PAGES / HUGE_PAGES} huge pages`, () => {
  const transparent = machine('anon', 'hugepage')
  bench('transparent: unmap, map, touch', () => {
    transparent.session.perform({ op: 'munmap', range: transparent.whole })
    transparent.map()
    transparent.touch(HUGE_PAGES)
  })

  const hugetlb = machine('hugetlb-private', 'hugepage')
  bench('hugetlb: unmap, map, touch', () => {
    hugetlb.session.perform({ op: 'munmap', range: hugetlb.whole })
    hugetlb.map()
    hugetlb.touch(HUGE_PAGES)
  })
})

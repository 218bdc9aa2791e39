/**
 * The scenes on the model: the same steps as native/reference-scenes.c and native/kernel-probe.c, through the calls that experiments use.
 * @module
 */
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import type { SceneName } from './operations.ts'
import type { Stage } from './stage.ts'

const SYNC = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM
const ASYNC = SYNC | UFFD_FEATURE_WP_ASYNC
const HUGE_PAGES = 512
/** Pages whose translations the TLB holds all at once. */
const HOT_PAGES = 512

/** The scenes that are loops over a mapping. */
export const SCENES: Readonly<Record<Exclude<SceneName, 'replay'>, (stage: Stage) => void>> = {
  touched,
  random,
  sparse,
  sync,
  markers,
  swap,
  thp,
  hugetlb,
}

function touched(stage: Stage): void {
  const { pages } = stage
  stage.map()
  // The kernel's side has huge pages off too.
  stage.do({ op: 'madvise', range: stage.first(), advice: 'nohugepage' })
  stage.time('fault-seq', pages, stage.touching())
  stage.touch(HOT_PAGES)
  stage.time('access-hit', pages, stage.touchingAgain(pages, HOT_PAGES))
  stage.watch(ASYNC)
  stage.time('wp-present', pages, () => stage.protect(true))
  stage.time('wp-off', pages, () => stage.protect(false))
  stage.protect(true)
  stage.time('wpfault-async-seq', pages, stage.touching())
  stage.protect(true)
  stage.time('wpfault-async-rand', pages, stage.touchingInOrder(stage.order))
  scans(stage)
  const whole = stage.first()
  stage.time('pagemap', pages, () => stage.do({ op: 'pagemap', range: whole }))
  collapse(stage)
  stage.time('fork', pages, () => stage.do({ op: 'fork', child: 'child' }))
  stage.time('child-exit', pages, () => stage.do({ op: 'exit', process: 'child' }))
  stage.time('munmap', pages, () => stage.unmap())
  stage.close()
}

function scans(stage: Stage): void {
  const { pages } = stage
  const scan = () => stage.scanWritten(pages, pages)
  stage.time('scan-all', pages, scan)
  stage.protect(true)
  stage.time('scan-none', pages, scan)
  stage.touch(pages / 2, 2)
  stage.time('scan-alt', pages, scan)
}

/** One armed page at the end of each 2 MiB: all of it is looked at, and none is merged. */
function collapse(stage: Stage): void {
  const { pages } = stage
  stage.protect(false)
  for (let page = HUGE_PAGES - 1; page < pages; page += HUGE_PAGES) stage.protectOne(page, true)
  stage.do({ op: 'madvise', range: stage.first(), advice: 'hugepage' })
  stage.time('khugepaged', pages / HUGE_PAGES, () => stage.do({ op: 'madvise', range: stage.first(), advice: 'collapse' }))
}

function random(stage: Stage): void {
  const { pages } = stage
  stage.map()
  stage.time('fault-rand', pages, stage.touchingInOrder(stage.order))
  stage.time('dontneed', pages, () => stage.do({ op: 'madvise', range: stage.first(), advice: 'dontneed' }))
  stage.unmap()
}

function sparse(stage: Stage): void {
  const faults = stage.few / 8
  const pages = faults * HUGE_PAGES
  stage.map(pages)
  stage.time('fault-sparse', faults, stage.touching(faults, HUGE_PAGES))
  stage.unmap(pages)
}

function sync(stage: Stage): void {
  const { few } = stage
  stage.map(few)
  stage.touch(few)
  stage.watch(SYNC, few)
  stage.protect(true, few)
  stage.time('wpfault-sync-seq', few, stage.touching(few))
  stage.protect(true, few)
  stage.time('wpfault-sync-rand', few, stage.touchingInOrder(stage.fewOrder))
  stage.protect(true, few)
  stage.time('resolve', few, () => stage.protectEach(few, false))
  stage.unmap(few)
  stage.close()
}

function markers(stage: Stage): void {
  const { pages } = stage
  stage.map()
  stage.watch(ASYNC)
  stage.time('wp-none', pages, () => stage.protect(true))
  stage.time('wp-again', pages, () => stage.protect(true))
  stage.time('marker-read', pages, stage.loading())
  stage.unmap()
  stage.map()
  stage.watch(ASYNC)
  stage.protect(true)
  stage.time('marker-write', pages, stage.touching())
  stage.unmap()
  stage.close()
}

function swap(stage: Stage): void {
  const { pages } = stage
  stage.map()
  stage.touch()
  stage.time('swap-out', pages, () => stage.do({ op: 'madvise', range: stage.first(), advice: 'pageout' }))
  stage.time('swap-in', pages, stage.touching())
  stage.unmap()
}

function thp(stage: Stage): void {
  const faults = stage.pages / HUGE_PAGES
  stage.map()
  stage.do({ op: 'madvise', range: stage.first(), advice: 'hugepage' })
  stage.time('thp-fault', faults, stage.touching(faults, HUGE_PAGES))
  stage.unmap()
}

function hugetlb(stage: Stage): void {
  const faults = stage.pages / HUGE_PAGES
  stage.map(stage.pages, 'hugetlb-private')
  stage.time('hugetlb-fault', faults, stage.touching(faults, HUGE_PAGES))
  stage.do({ op: 'munmap', range: stage.first(stage.pages, 'hugetlb-private') })
}

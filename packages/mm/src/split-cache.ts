/**
 * Splitting large folios of a shmem file's cache: by reclaim and advice into single pages, by a hole or a new length only
 * as far as it must be.
 *
 * @source v6.18 mm/huge_memory.c __folio_split(), unmap_folio(); mm/truncate.c truncate_inode_partial_folio(); mm/shmem.c
 * shmem_undo_range()
 * @module
 */
import { type FileBackend, FRAME_DIRTY, FRAME_INDEX, type Inode } from '@faultline/mm-types'
import type { Kernel } from './objects.ts'
import { unmapMapping } from './unmap-mapping.ts'
import { ZAP_MAPPINGS } from './zap.ts'

/**
 * Splits the folio of a page, after unmapping it everywhere: its pages are faulted in again. What lies beyond the end of the
 * file is dropped.
 *
 * @param wholly true to leave single pages; false to halve the folio until the page is alone
 */
export function splitCacheFolio(kernel: Kernel, inode: Inode, pfn: number, wholly: boolean): void {
  const { frames } = kernel.machine
  const head = frames.head(pfn)
  const first = frames.field(head, FRAME_INDEX)
  const pages = 2 ** frames.order(head)
  unmapMapping(inode, first, first + pages, ZAP_MAPPINGS)
  kernel.machine.counters.splits++
  if (wholly) frames.split(head)
  else frames.splitAt(pfn)
  const backend = kernel.backends.shmem as FileBackend
  for (let page = frames.order(head) === 0 ? 1 : 2 ** frames.order(head); page < pages; ) {
    const length = 2 ** frames.order(head + page)
    if (first + page >= inode.size) backend.removePages(kernel.machine, inode, first + page, first + page + length)
    page += length
  }
}

/** Splits the large folios that lie across the borders of [from, to), so that those pages can be dropped and no others. */
export function cutCache(kernel: Kernel, inode: Inode, from: number, to: number): void {
  for (const [pgoff, page] of [...inode.pages]) {
    if (page < 0 || pgoff < from || pgoff >= to || kernel.machine.frames.order(page) === 0) continue
    cutFolio(kernel, inode, page, from, to)
  }
}

/** Splits at the first page of the folio in the range, then at the first page after the range. */
function cutFolio(kernel: Kernel, inode: Inode, page: number, from: number, to: number): void {
  const { frames } = kernel.machine
  const head = frames.head(page)
  const first = frames.field(head, FRAME_INDEX)
  const end = first + 2 ** frames.order(head)
  if (first >= from && end <= to) return
  frames.setFlags(head, FRAME_DIRTY)
  splitCacheFolio(kernel, inode, head + Math.max(0, from - first), false)
  if (to < end && frames.order(head + (to - first)) !== 0) splitCacheFolio(kernel, inode, head + (to - first), false)
}

/**
 * ftruncate and fallocate on memory files.
 *
 * @source v6.18 mm/shmem.c shmem_setattr(), shmem_fallocate(); fs/hugetlbfs/inode.c hugetlb_vmtruncate(), hugetlbfs_punch_hole()
 * @fidelity simplified shmem_setattr(): no seals
 * @fidelity simplified shmem_fallocate(): whole pages; allocation always extends the file (no KEEP_SIZE)
 * @module
 */
import { ENOSPC, type FileBackend, FRAME_DIRTY, FRAME_NOT_UPTODATE, type Inode } from '@faultline/mm-types'
import type { Kernel } from '../objects.ts'
import { cutCache } from '../split-cache.ts'
import { unmapMapping } from '../unmap-mapping.ts'
import { ZAP_CACHE_ONLY, ZAP_PLAIN, ZAP_TRUNCATE } from '../zap.ts'

/**
 * Sets a file's length in its own pages. Shrinking unmaps and drops what lies beyond, private copies included; the same
 * length drops what a collapse has put beyond it.
 */
export function ftruncate(kernel: Kernel, inode: Inode, size: number): number {
  const old = inode.size
  inode.size = size
  if (inode.backend === 'hugetlb') return truncateHugetlb(kernel, inode)
  if (size > old) return 0
  const keeps = kernel.design.anomalies.truncateKeepsShmemMarkers
  if (size < old) unmapMapping(inode, size, 2 ** 40, keeps ? ZAP_PLAIN : ZAP_TRUNCATE)
  dropPages(kernel, inode, size, 2 ** 40)
  return 0
}

/** Whatever the length was, what is mapped beyond it goes, and so do the pages. @source v6.18 fs/hugetlbfs/inode.c hugetlb_vmtruncate() */
function truncateHugetlb(kernel: Kernel, inode: Inode): number {
  unmapMapping(inode, inode.size, 2 ** 40, ZAP_TRUNCATE)
  kernel.backends.hugetlb.removePages(kernel.machine, inode, inode.size, 2 ** 40)
  return 0
}

/** FALLOC_FL_PUNCH_HOLE of pages [from, to): entries first, then the cache; markers stay. */
export function punchHole(kernel: Kernel, inode: Inode, from: number, to: number): void {
  unmapMapping(inode, from, to, ZAP_CACHE_ONLY)
  dropPages(kernel, inode, from, to)
}

/** Takes pages [from, to) out of the cache. @source v6.18 mm/shmem.c shmem_undo_range() */
function dropPages(kernel: Kernel, inode: Inode, from: number, to: number): void {
  if (inode.backend === 'shmem') cutCache(kernel, inode, from, to)
  backendOf(kernel, inode).removePages(kernel.machine, inode, from, to)
}

/** Allocates pages [from, to), growing the file. @returns 0 or -ENOSPC */
export function allocate(kernel: Kernel, inode: Inode, from: number, to: number): number {
  const backend = backendOf(kernel, inode)
  for (let pgoff = from; pgoff < to; pgoff++) {
    if (backend.hasPage(inode, pgoff)) {
      // What is there is brought in, and filled with zeroes if that was not done yet. @source v6.18 mm/shmem.c shmem_get_folio_gfp()
      if (inode.backend === 'shmem') setDirty(kernel, backend.findPage(kernel.machine, inode, pgoff, true))
      continue
    }
    const page = backend.addPage(kernel.machine, inode, pgoff, 0)
    if (page === 0) return -ENOSPC
    if (inode.backend !== 'shmem') continue
    setDirty(kernel, page)
    kernel.machine.frames.setFlags(page, FRAME_NOT_UPTODATE)
  }
  if (to > inode.size) inode.size = to
  return 0
}

/** Pressure shall not undo an allocation. @source v6.18 mm/shmem.c shmem_fallocate() */
function setDirty({ machine: { frames } }: Kernel, page: number): void {
  frames.setFlags(page, FRAME_DIRTY)
  frames.setFlags(frames.head(page), FRAME_DIRTY)
}

function backendOf(kernel: Kernel, inode: Inode): FileBackend {
  return inode.backend === 'hugetlb' ? kernel.backends.hugetlb : kernel.backends.shmem
}

/**
 * Operations on memory: maps, accesses, advice, files, observations.
 * @module
 */
import {
  EBUSY,
  EINVAL,
  ENOTTY,
  type Inode,
  MADV_COLD,
  MADV_COLLAPSE,
  MADV_DOFORK,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_GUARD_INSTALL,
  MADV_GUARD_REMOVE,
  MADV_HUGEPAGE,
  MADV_KEEPONFORK,
  MADV_MERGEABLE,
  MADV_NOHUGEPAGE,
  MADV_NORMAL,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_REMOVE,
  MADV_UNMERGEABLE,
  MADV_WILLNEED,
  MADV_WIPEONFORK,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  SCAN_EXCEED_NONE_PTE,
  SCAN_SUCCEED,
} from '@faultline/mm-types'
import { LimitError } from '@faultline/pagetable-core'
import type { Advice, MadviseOp, MmapOp, MremapOp, Operation, Outcome, PagemapOp, Range, ScanOp } from '@faultline/program'
import { type Call, eventsRead } from './calls/call.ts'
import { allocate, ftruncate, punchHole } from './calls/file.ts'
import { type Collapse, madvise } from './calls/madvise.ts'
import { mlock } from './calls/mlock.ts'
import { exitMm, mmap, munmap } from './calls/mmap.ts'
import { mprotect } from './calls/mprotect.ts'
import { mremap } from './calls/mremap.ts'
import { pageStates } from './calls/pagemap.ts'
import { populate } from './calls/populate.ts'
import { scanPagemap } from './calls/scan.ts'
import { clearRefs } from './clear-refs.ts'
import { forkMm } from './copy.ts'
import { mergePages } from './ksm.ts'
import { type Laboratory, threadOf } from './laboratory.ts'
import { migratePages } from './migrate.ts'
import type { AddressSpace } from './objects.ts'
import { callOutcome } from './outcomes.ts'
import { reclaimPages } from './reclaim.ts'
import { swapoff } from './swapoff.ts'

const ADVICE: Readonly<Record<Advice, number>> = {
  normal: MADV_NORMAL,
  dontneed: MADV_DONTNEED,
  free: MADV_FREE,
  pageout: MADV_PAGEOUT,
  cold: MADV_COLD,
  remove: MADV_REMOVE,
  collapse: MADV_COLLAPSE,
  hugepage: MADV_HUGEPAGE,
  nohugepage: MADV_NOHUGEPAGE,
  populate_read: MADV_POPULATE_READ,
  populate_write: MADV_POPULATE_WRITE,
  guard_install: MADV_GUARD_INSTALL,
  guard_remove: MADV_GUARD_REMOVE,
  wipeonfork: MADV_WIPEONFORK,
  keeponfork: MADV_KEEPONFORK,
  dontfork: MADV_DONTFORK,
  dofork: MADV_DOFORK,
  willneed: MADV_WILLNEED,
  mergeable: MADV_MERGEABLE,
  unmergeable: MADV_UNMERGEABLE,
}

/** PROT_* bits of a string of `r`, `w`, `x`. */
function protBits(prot: string): number {
  return (prot.includes('r') ? PROT_READ : 0) | (prot.includes('w') ? PROT_WRITE : 0) | (prot.includes('x') ? PROT_EXEC : 0)
}

/** @returns the outcome, or undefined when the operation is none of these */
export function performMemory(session: Laboratory, op: Operation): Outcome | undefined {
  const { bindings, composed } = session
  switch (op.op) {
    case 'comment':
      return { errno: 0 }
    case 'file':
      bindings.files.set(op.file, composed.kernel.newInode(op.hugeShift ? 'hugetlb' : 'shmem', op.pages, op.hugeShift ?? 12))
      return { errno: 0 }
    case 'mmap':
      return performMmap(session, op)
    case 'munmap':
      return calls(session, op, op.range, munmap)
    case 'mprotect':
      return pages(session, op.range, (mm, start, end) => mprotect(mm, start, end, protBits(op.prot)), session.mm(op))
    case 'mremap':
      return performMremap(session, op)
    case 'read':
    case 'write': {
      const write = op.op === 'write'
      return session.blocked.attempt(session.mm(op), threadOf(op), bindings.address(op.at), write, write ? op.value : 0)
    }
    case 'fork': {
      const child = composed.kernel.newMm()
      bindings.processes.set(op.child, child)
      // A fork that is ended while it waits for its message to be read makes no child. @source v6.18 kernel/fork.c copy_process()
      try {
        return session.blocked.drive(op, fork(session.mm(op), child), undefined, () => exitMm(child))
      } catch (error) {
        // What there is of it is no process. @source v6.18 kernel/fork.c dup_mmap()
        if (child.alive && error instanceof LimitError) abandonFork(session, op.child, child)
        throw error
      }
    }
    case 'exit':
      session.blocked.end(op.process ?? 'main')
      exitMm(session.mm(op))
      return { errno: 0 }
    case 'madvise':
      return performMadvise(session, op)
    case 'fallocate': {
      const inode = bindings.file(op.file)
      if (op.pages <= 0) return { errno: EINVAL }
      if (!op.punch) return callOutcome(allocate(composed.kernel, inode, op.page, op.page + op.pages))
      punchHole(composed.kernel, inode, op.page, op.page + op.pages)
      return { errno: 0 }
    }
    case 'ftruncate':
      return callOutcome(ftruncate(composed.kernel, bindings.file(op.file), op.pages))
    case 'mlock':
    case 'munlock':
      // Unlike other calls these take any range: what it touches is locked. @source mm/mlock.c do_mlock(), munlock()
      return callsTouching(session, op, op.range, (mm, start, end) => mlock(mm, start, end, op.op === 'mlock', threadOf(op)))
    case 'swapoff':
      swapoff(composed.kernel)
      return { errno: 0 }
    case 'clear_refs':
      clearRefs(session.mm(op), composed.softDirty)
      return { errno: 0 }
    case 'hwpoison':
      // CONFIG_MEMORY_FAILURE is off there too. @source mm/madvise.c madvise_behavior_valid()
      return { errno: EINVAL }
    case 'reclaim':
    case 'khugepaged':
    case 'migrate':
    case 'ksm':
      return performKernel(session, session.mm(op), op.range, op.op)
    case 'pagemap':
      return performPagemap(session, op)
    case 'scan': {
      if (composed.kernel.design.calls.scanCategories === 0) return { errno: ENOTTY }
      return performScan(session, op)
    }
    case 'status':
      return { errno: 0, bytes: session.mm(op).tableBytes() }
    default:
      return undefined
  }
}

/** The states are made an array of when somebody looks at them: 2 bytes a page until then, and no work for the garbage collector. */
function performPagemap(session: Laboratory, op: PagemapOp): Outcome {
  const { bindings } = session
  const first = Math.floor(bindings.address(op.range.at) / 4096)
  const states = pageStates(session.mm(op), first, op.range.pages, 1 << (bindings.region(op.range.at.region).pageShift - 12))
  let pages: readonly number[] | undefined
  return {
    errno: 0,
    get pages() {
      pages ??= [...states]
      return pages
    },
  }
}

function performScan(session: Laboratory, op: ScanOp): Outcome {
  const start = session.bindings.address(op.range.at)
  const { flags, inverted, mask, anyof, returned, maxPages, vecLen } = op
  const end = start + session.bindings.length(op.range)
  const request = { start, end, flags, inverted, mask, anyof, returned, maxPages, vecLen }
  const { errno, found, walkEnd } = scanPagemap(session.mm(op), request)
  if (errno !== 0) return { errno }
  // To define a getter is a call of the runtime.
  if (found.areFew) return { errno: 0, regions: found.list(), walkEnd }
  return {
    errno: 0,
    get regions() {
      return found.list()
    },
    walkEnd,
  }
}

function performMmap(session: Laboratory, op: MmapOp): Outcome {
  const { bindings, composed } = session
  const hugetlb = op.memory === 'hugetlb' || op.memory === 'hugetlb-private'
  const pageShift = hugetlb ? (op.hugeShift ?? 21) : 12
  let file: Inode | null = null
  if (op.memory !== 'anon') {
    file = op.file === undefined ? composed.kernel.newInode(hugetlb ? 'hugetlb' : 'shmem', op.pages, pageShift) : bindings.file(op.file)
  }
  const scale = 2 ** (pageShift - 12)
  const size = op.pages * scale
  const start = op.vpn ?? (op.at ? bindings.address(op.at) / 4096 : bindings.place(size, pageShift))
  if (start % scale !== 0 || size <= 0) return { errno: EINVAL }
  const call = mmap(session.mm(op), {
    start,
    pages: size,
    prot: protBits(op.prot),
    shared: op.memory === 'shmem' || op.memory === 'hugetlb',
    file,
    pgoff: (op.pgoff ?? 0) * scale,
    noreserve: op.noreserve === true,
  })
  bindings.regions.set(op.region, { vpn: start, pageShift })
  const outcome = session.blocked.drive(op, call)
  return outcome.errno || outcome.blocked ? outcome : { ...outcome, address: start * 4096 }
}

function performMremap(session: Laboratory, op: MremapOp): Outcome {
  const { bindings } = session
  const start = bindings.address(op.range.at)
  const { pageShift } = bindings.region(op.range.at.region)
  if (start % 4096 !== 0) return { errno: EINVAL }
  const newPages = op.newPages * 2 ** (pageShift - 12)
  const fixed = op.to !== undefined
  const to = op.to ? bindings.address(op.to) : 0
  if (to % 4096 !== 0) return { errno: EINVAL }
  const outcome = session.blocked.drive(
    op,
    mremap(session.mm(op), {
      start: start / 4096,
      pages: Math.ceil(bindings.length(op.range) / 4096),
      newPages,
      mayMove: op.mayMove,
      dontUnmap: op.dontUnmap,
      fixed,
      to: fixed ? to / 4096 : bindings.place(newPages, pageShift),
      thread: threadOf(op),
    }),
    (result) => {
      if (result < 0) return { errno: -result }
      bindings.regions.set(op.region, { vpn: result, pageShift })
      return { errno: 0, address: result * 4096 }
    },
  )
  return outcome
}

function abandonFork(session: Laboratory, name: string, child: AddressSpace): void {
  session.composed.kernel.uffd.takeEvents()
  session.bindings.processes.delete(name)
  exitMm(child)
}

function* fork(parent: AddressSpace, child: AddressSpace): Call {
  forkMm(parent, child)
  yield* eventsRead(parent.kernel)
  return 0
}

/** Runs a call that may wait over a range that must start on a page. */
function calls(session: Laboratory, op: Operation, range: Range, call: (mm: AddressSpace, start: number, end: number) => Call): Outcome {
  const start = session.bindings.address(range.at)
  if (start % 4096 !== 0) return { errno: EINVAL }
  return session.blocked.drive(op, call(session.mm(op), start / 4096, Math.ceil((start + session.bindings.length(range)) / 4096)))
}

/** Runs a call that may wait over all pages that a range touches. */
function callsTouching(
  session: Laboratory,
  op: Operation,
  range: Range,
  call: (mm: AddressSpace, start: number, end: number) => Call,
): Outcome {
  const start = session.bindings.address(range.at)
  const end = start + session.bindings.length(range)
  return session.blocked.drive(op, call(session.mm(op), Math.floor(start / 4096), Math.ceil(end / 4096)))
}

/** Runs a call over a range that must start on a page; its end is rounded up, as the kernel does. */
function pages(
  session: Laboratory,
  range: Range,
  call: (mm: AddressSpace, start: number, end: number) => number,
  mm: AddressSpace,
): Outcome {
  const start = session.bindings.address(range.at)
  const length = session.bindings.length(range)
  if (start % 4096 !== 0) return { errno: EINVAL }
  return callOutcome(call(mm, start / 4096, Math.ceil((start + length) / 4096)))
}

function performMadvise(session: Laboratory, op: MadviseOp): Outcome {
  const { advice, range } = op
  // What a kernel does not know it refuses, whatever the range. @source mm/madvise.c madvise_behavior_valid()
  if ((advice === 'guard_install' || advice === 'guard_remove') && session.composed.kernel.design.calls.guardRegions === 'none')
    return { errno: EINVAL }
  switch (advice) {
    case 'populate_read':
    case 'populate_write': {
      const request = { cpu: 0, thread: threadOf(op), user: false, stays: true, byte: 0, stamp: 0 }
      return calls(session, op, range, (mm, start, end) => populate(mm, start, end, advice === 'populate_write', request))
    }
    default:
      return calls(session, op, range, (owner, start, end) => madvise(owner, start, end, ADVICE[advice], collapser(session, owner, true)))
  }
}

/** MADV_COLLAPSE, or a khugepaged pass. @source v6.18 mm/khugepaged.c madvise_collapse_errno() */
function collapser({ composed }: Laboratory, mm: AddressSpace, forced: boolean): Collapse {
  const { kernel, khugepaged } = composed
  return (vma, start, end) => {
    const result = khugepaged.collapse(mm, vma, start, end, kernel.design.collapse, forced)
    if (result === SCAN_SUCCEED) return 0
    return result === SCAN_EXCEED_NONE_PTE ? -EBUSY : -EINVAL
  }
}

function performKernel(session: Laboratory, mm: AddressSpace, range: Range, what: 'reclaim' | 'khugepaged' | 'migrate' | 'ksm'): Outcome {
  return pages(
    session,
    range,
    (owner, start, end) => {
      if (what === 'khugepaged') {
        const collapse = collapser(session, owner, false)
        for (const vma of owner.vmas.within(start, end)) collapse(vma, Math.max(start, vma.start), Math.min(end, vma.end))
        return 0
      }
      if (what === 'migrate') migratePages(owner, start, end)
      else if (what === 'ksm') mergePages(owner, start, end)
      else
        for (const vma of owner.vmas.within(start, end)) reclaimPages(owner, vma, Math.max(start, vma.start), Math.min(end, vma.end), true)
      return 0
    },
    mm,
  )
}

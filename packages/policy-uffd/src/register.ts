/**
 * UFFDIO_REGISTER, UFFDIO_UNREGISTER and close.
 * @module
 */
import {
  EBUSY,
  EINVAL,
  ENOMEM,
  EPERM,
  type HostMm,
  UFFD_IOCTL_CONTINUE,
  UFFD_IOCTL_MOVE,
  UFFD_IOCTL_WRITEPROTECT,
  UFFD_IOCTL_ZEROPAGE,
  UFFDIO_REGISTER_MODE_MINOR,
  UFFDIO_REGISTER_MODE_MISSING,
  UFFDIO_REGISTER_MODE_WP,
  VM_MAYWRITE,
  VM_UFFD_FLAGS,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  type Vma,
} from '@faultline/mm-types'
import type { Userfaultfd } from './context.ts'
import { validateRange } from './ranges.ts'
import { protectRange } from './write-protect.ts'

const MODES = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MINOR

/**
 * Registers [start, start + length) bytes in the modes asked for.
 *
 * @returns the mask of ioctls that the range now supports, or -EINVAL, -EPERM, -EBUSY
 * @source v6.18 fs/userfaultfd.c userfaultfd_register(); mm/userfaultfd.c vma_can_userfault(), userfaultfd_register_range()
 * @fidelity simplified vma_can_userfault(): there is no memory but anonymous, shmem and hugetlb
 */
export function register(mm: HostMm, context: Userfaultfd, start: number, length: number, mode: number): number {
  if (!context.ready || mode === 0 || (mode & ~MODES) !== 0) return -EINVAL
  const invalid = validateRange(start, length)
  if (invalid) return invalid
  if (!mm.alive) return -ENOMEM
  const first = start / 4096
  const end = first + length / 4096
  const flags = vmFlags(mode)
  const vmas = mm.vmasWithin(first, end)
  if (vmas.length === 0 || misaligned(vmas[0], first)) return -EINVAL
  for (const vma of vmas) {
    if (!canUserfault(mm, context, vma, flags)) return -EINVAL
    if ((vma.flags & VM_MAYWRITE) === 0) return -EPERM
    if (end <= vma.end && misaligned(vma, end)) return -EINVAL
    if (vma.uffd !== null && vma.uffd !== context) return -EBUSY
  }
  for (const vma of vmas) {
    if (vma.uffd === context && (vma.flags & flags) === flags) continue
    const from = Math.max(vma.start, first)
    const to = Math.min(vma.end, end)
    const losesWp = (vma.flags & VM_UFFD_WP) !== 0 && (flags & VM_UFFD_WP) === 0
    if (losesWp && !mm.design.anomalies.reregisterKeepsBits) protectRange(mm, vma, from, to, false, true)
    if (mm.design.pmdSharing.unsharesAtRegister(flags)) mm.unsharePmds(vma)
    mm.modifyVma(vma, from, to, (vma.flags & ~VM_UFFD_FLAGS) | flags, context)
  }
  return rangeIoctls(mm, vmas, mode)
}

function vmFlags(mode: number): number {
  return (
    (mode & UFFDIO_REGISTER_MODE_MISSING ? VM_UFFD_MISSING : 0) |
    (mode & UFFDIO_REGISTER_MODE_WP ? VM_UFFD_WP : 0) |
    (mode & UFFDIO_REGISTER_MODE_MINOR ? VM_UFFD_MINOR : 0)
  )
}

function misaligned(vma: Vma, vpn: number): boolean {
  return vma.backend === 'hugetlb' && vpn % 2 ** (vma.pageShift - 12) !== 0
}

function canUserfault(mm: HostMm, context: Userfaultfd, vma: Vma, flags: number): boolean {
  if (flags & VM_UFFD_MINOR && !mm.design.uffd.minorMemory.includes(vma.backend)) return false
  if (context.wpAsync && flags === VM_UFFD_WP) return true
  return (flags & VM_UFFD_WP) === 0 || mm.design.uffd.wpMemory.includes(vma.backend)
}

/** @source v6.18 include/uapi/linux/userfaultfd.h UFFD_API_RANGE_IOCTLS, UFFD_API_RANGE_IOCTLS_BASIC */
function rangeIoctls(mm: HostMm, vmas: readonly Vma[], mode: number): number {
  let ioctls = mm.design.uffd.ioctls
  if (vmas.some((vma) => vma.backend === 'hugetlb')) ioctls &= ~(UFFD_IOCTL_ZEROPAGE | UFFD_IOCTL_MOVE)
  if ((mode & UFFDIO_REGISTER_MODE_WP) === 0) ioctls &= ~UFFD_IOCTL_WRITEPROTECT
  if ((mode & UFFDIO_REGISTER_MODE_MINOR) === 0) ioctls &= ~UFFD_IOCTL_CONTINUE
  return ioctls
}

/**
 * Ends the registration of a range: armed entries lose the bit, wp markers go.
 *
 * @returns 0 or -EINVAL
 * @source v6.18 fs/userfaultfd.c userfaultfd_unregister()
 */
export function unregister(mm: HostMm, context: Userfaultfd, start: number, length: number): number {
  const invalid = validateRange(start, length)
  if (!context.ready || invalid) return -EINVAL
  if (!mm.alive) return -ENOMEM
  const first = start / 4096
  const end = first + length / 4096
  const vmas = mm.vmasWithin(first, end)
  if (vmas.length === 0 || misaligned(vmas[0], first)) return -EINVAL
  for (const vma of vmas) if (vma.uffd !== null && vma.uffd !== context) return -EINVAL
  for (const vma of vmas) {
    if (end <= vma.end && misaligned(vma, end)) return -EINVAL
  }
  for (const vma of vmas) {
    if (vma.uffd === null) continue
    const from = Math.max(vma.start, first)
    const to = Math.min(vma.end, end)
    if (vma.flags & VM_UFFD_MISSING || !mm.design.anomalies.unregisterWakesMissingOnly) context.wake(from, to)
    clearVma(mm, vma, from, to)
  }
  return 0
}

/** @source v6.18 mm/userfaultfd.c userfaultfd_clear_vma() */
function clearVma(mm: HostMm, vma: Vma, start: number, end: number): void {
  if (vma.flags & VM_UFFD_WP) protectRange(mm, vma, start, end, false, true)
  mm.modifyVma(vma, start, end, vma.flags & ~VM_UFFD_FLAGS, null)
}

/** Ends all registrations and wakes everyone. @source v6.18 fs/userfaultfd.c userfaultfd_release() */
export function release(mms: readonly HostMm[], context: Userfaultfd): void {
  for (const mm of mms) {
    for (const vma of mm.vmasWithin(0, 2 ** 36)) if (vma.uffd === context) clearVma(mm, vma, vma.start, vma.end)
  }
  context.release()
}

/**
 * The faults that nearly all are, past the descriptor: a small anonymous page, and nobody to be told.
 * @module
 */
import {
  type AnonShortcut,
  type Backends,
  PAGE_PRESENT,
  PAGE_RW,
  PAGE_UFFD_WP,
  SOFTLEAF_SWAP,
  VM_ACCESS_FLAGS,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { allowsHuge } from './huge-fault.ts'
import type { AddressSpace, Kernel } from './objects.ts'
import type { VmArea } from './vma.ts'

// Once more: V8 folds the constants of a module itself, but loads an imported one at every use.
const PRESENT = PAGE_PRESENT
const WRITABLE = PAGE_RW
const ARMED = PAGE_UFFD_WP
const MAY_WRITE = VM_WRITE
const MAY_ACCESS = VM_ACCESS_FLAGS
const WATCHES_MISSING = VM_UFFD_MISSING
const WATCHES_WRITES = VM_UFFD_WP
const SWAPPED = SOFTLEAF_SWAP

/** Instead of a frame: the entry is armed, and a monitor wants to be told of stores. The kernel's `fault` holds the vma. */
const ARMED_ENTRY = -1

/** The shortcut of the kernel's anonymous backend, if it is one to that backend's own calls. */
export function shortcutOf({ anon }: Backends): AnonShortcut | null {
  const { shortcut } = anon
  if (shortcut === undefined || shortcut.fault !== anon.fault || shortcut.copyOnWrite !== anon.copyOnWrite) return null
  return shortcut.swapIn === anon.swapIn ? shortcut : null
}

/**
 * Serves the fault of an entry that is not present, and the store's that follows it, where `handleFault` would do nothing but this.
 *
 * @param table the table of ptes that covers the page
 * @param lo the entry's low word
 * @returns the frame that the access goes to; 0 when `handleFault` is to be asked, ARMED_ENTRY when `faultArmed` is
 */
export function mapPage(kernel: Kernel, mm: AddressSpace, vpn: number, write: boolean, table: number, lo: number, hi: number): number {
  const { shortcut } = kernel
  const vma = mm.vmas.find(vpn)
  if (shortcut === null || vma === undefined || !mayMap(vma, write)) return 0
  const { flags } = vma
  const { tables, counters } = kernel.machine
  if (tables.isStandIn(table)) return 0
  const isWatched = (flags & WATCHES_WRITES) !== 0
  const isNone = lo === 0 && hi === 0
  if (isNone || (isWatched && lo === mm.encoding.wpLo && hi === mm.encoding.wpHi)) {
    const armed = isWatched && (!isNone || kernel.uffd.armsNone(vma))
    if (!(write ? shortcut.mapNew(mm, vma, vpn, table, armed) : shortcut.mapZero(mm, vma, vpn, table, armed))) return 0
    if (!isNone) counters.faultsMarker++
  } else if (mm.classify(lo, hi) !== SWAPPED || !shortcut.bringBack(mm, vma, vpn, table, write, lo, hi)) return 0
  counters.faults++
  counters.ptes++
  const at = tables.base(table) + (vpn & 511)
  const made = tables.readLo(table)[at]
  const madeHi = tables.readHi(table)[at]
  return write && (made & WRITABLE) === 0 ? makeWritable(kernel, mm, vpn, table, made, madeHi) : ptePfn(made, madeHi)
}

function mayMap({ file, flags }: VmArea, write: boolean): boolean {
  return file === null && (write ? (flags & MAY_WRITE) !== 0 : (flags & MAY_ACCESS) !== 0) && (flags & WATCHES_MISSING) === 0
}

/** The same where there is nothing yet in the place of a table of ptes. */
export function mapFirstPage(kernel: Kernel, mm: AddressSpace, vpn: number, write: boolean): number {
  const vma = mm.vmas.find(vpn)
  if (kernel.shortcut === null || vma === undefined || vma.backend !== 'anon' || !mayMap(vma, write)) return 0
  if (allowsHuge(kernel, vma, vpn)) return 0
  const table = mm.machine.tables.pteTableAlloc(mm.pgd, vpn)
  return table === 0 ? 0 : mapPage(kernel, mm, vpn, write, table, 0, 0)
}

/** The same for a store to an entry that is there and forbids it. */
export function makeWritable(kernel: Kernel, mm: AddressSpace, vpn: number, table: number, lo: number, hi: number): number {
  const { shortcut } = kernel
  const vma = mm.vmas.find(vpn)
  if (shortcut === null || vma === undefined || vma.file !== null || (vma.flags & MAY_WRITE) === 0 || mm.flushesPending > 0) return 0
  const { counters } = kernel.machine
  if ((lo & PRESENT) === 0) return 0
  const disarms = (vma.flags & WATCHES_WRITES) !== 0 && (lo & ARMED) !== 0
  if (disarms && !kernel.uffd.wpAsync(vma)) {
    kernel.fault.vma = vma
    return ARMED_ENTRY
  }
  if (!shortcut.reuse(mm, vma, table, vpn & 511, disarms ? lo & ~ARMED : lo, hi, disarms)) return 0
  if (disarms) counters.faultsWp++
  counters.faults++
  counters.ptes++
  return ptePfn(lo, hi)
}

/**
 * Faults on huge leaves of 4 KiB vmas, and the choice to serve an empty range by a huge page.
 *
 * @source v6.18 mm/huge_memory.c do_huge_pmd_anonymous_page(), do_huge_pmd_wp_page(); mm/memory.c wp_huge_pmd()
 * @fidelity simplified do_huge_pmd_anonymous_page(): no sizes between 4 KiB and 2 MiB to fall back to
 * @module
 */
import {
  FAULT_DONE,
  FAULT_MISSING,
  FAULT_OOM,
  FAULT_WP,
  type Fault,
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_INDEX,
  FRAME_MAPPING,
  FRAME_SWAPBACKED,
  PAGE_ACCESSED,
  PAGE_DIRTY,
  PAGE_PSE,
  PAGE_RW,
  PAGE_UFFD_WP,
  VM_HUGEPAGE,
  VM_NOHUGEPAGE,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
  type Vma,
} from '@faultline/mm-types'
import { DIRTY_BY_SOFTWARE, HUGE_ZERO_PFN, mkPteLo, pmdNumber, pteHi, pteLo } from '@faultline/pagetable-core'
import { HUGE_PAGES, hugePmdLo, hugePmdPfn, isHugeExclusive, mapHuge, setPmd, splitHugePmd } from './huge.ts'
import type { AddressSpace, Kernel } from './objects.ts'

/** Not served here: go on at the pte level. */
const FALLBACK = -1

/** Serves a fault at the pmd level, where there is no table of ptes. @returns a FAULT_* code, or FALLBACK */
export function faultHuge(kernel: Kernel, fault: Fault): number {
  const mm = fault.mm as AddressSpace
  const lo = hugePmdLo(mm, fault.vpn)
  if (lo !== 0) return servePresentHuge(kernel, mm, fault, lo)
  const vma = fault.vma
  if (vma.backend !== 'anon' || !allowsHuge(kernel, vma, fault.vpn)) return FALLBACK
  return faultAnonHuge(kernel, mm, fault)
}

/** @source v6.18 mm/huge_memory.c __thp_vma_allowable_orders(), thp_vma_suitable_order() */
export function allowsHuge(kernel: Kernel, vma: Vma, vpn: number): boolean {
  const enabled = kernel.settings.thp
  if (vma.flags & VM_NOHUGEPAGE || enabled === 'never') return false
  if (enabled === 'madvise' && (vma.flags & VM_HUGEPAGE) === 0) return false
  return isSuitable(vma, vpn)
}

/** The aligned 2 MiB range around a page lies within the vma. */
function isSuitable(vma: Vma, vpn: number): boolean {
  const start = vpn - (vpn & 511)
  if (vma.file !== null && ((vma.pgoff - vma.start) & 511) !== 0) return false
  return start >= vma.start && start + HUGE_PAGES <= vma.end
}

function faultAnonHuge(kernel: Kernel, mm: AddressSpace, fault: Fault): number {
  const { vma, vpn } = fault
  const machine = kernel.machine
  if (machine.tables.pmdTableAlloc(mm.pgd, vpn) === 0) return FAULT_OOM
  mm.prepareAnonVma(vma)
  if (vma.flags & VM_UFFD_MISSING) return FAULT_MISSING
  const armed = vma.flags & VM_UFFD_WP && kernel.uffd.armsNone(vma) ? PAGE_UFFD_WP : 0
  if (!fault.write && hasHugeZeroPage(kernel)) setHugeZeroPage(mm, vma, vpn, armed)
  else {
    const pfn = machine.frames.alloc(9)
    if (pfn === 0) return FALLBACK
    mapAnonHuge(mm, vma, vpn, pfn, armed)
    machine.frames.put(pfn)
  }
  mm.deposit(1)
  machine.counters.ptes++
  return FAULT_DONE
}

/** @source v6.18 mm/huge_memory.c do_huge_pmd_anonymous_page(); include/linux/mm.h mm_forbids_zeropage() */
function hasHugeZeroPage(kernel: Kernel): boolean {
  return kernel.settings.hugeZeroPage && !kernel.design.forbidsZeropage
}

/** @source v6.18 mm/huge_memory.c set_huge_zero_folio() */
function setHugeZeroPage(mm: AddressSpace, vma: Vma, vpn: number, flags: number): void {
  setPmd(mm, vpn, mkPteLo(HUGE_ZERO_PFN, PAGE_PSE | flags, vma.flags), pteHi(HUGE_ZERO_PFN, vma.flags))
}

/** Maps the huge zero page where a read fault would. @returns false when it would not */
export function mapHugeZeroPage(kernel: Kernel, mm: AddressSpace, vma: Vma, vpn: number, flags: number): boolean {
  const { tables, counters } = kernel.machine
  if (!hasHugeZeroPage(kernel) || !allowsHuge(kernel, vma, vpn)) return false
  if (tables.pteTable(mm.pgd, vpn) !== 0 || hugePmdLo(mm, vpn) !== 0 || tables.pmdTableAlloc(mm.pgd, vpn) === 0) return false
  setHugeZeroPage(mm, vma, vpn, flags)
  mm.deposit(1)
  counters.ptes++
  return true
}

// Constants of the loop over 512 frames, once more: V8 folds those of a module itself, but loads an imported one at every use.
const FLAGS = FRAME_FLAGS
const MAPPING = FRAME_MAPPING
const INDEX = FRAME_INDEX
const NEW_FLAGS = FRAME_ANON | FRAME_EXCLUSIVE | FRAME_SWAPBACKED

/** Maps a new anonymous huge page, writable as the vma is, or armed. @source mm/huge_memory.c map_anon_folio_pmd() */
function mapAnonHuge(mm: AddressSpace, vma: Vma, vpn: number, pfn: number, armed: number): void {
  const frames = mm.machine.frames
  const start = vpn - (vpn & 511)
  // The frames of a huge page lie in one chunk: they are aligned.
  const chunk = frames.chunk(pfn)
  const first = pfn & FRAME_CHUNK_MASK
  const mapping = (vma.anonVma as { id: number }).id
  const index = vma.pgoff + (start - vma.start)
  const head = chunk[first + FLAGS] | NEW_FLAGS
  chunk.fill(chunk[first + 1 + FLAGS] | NEW_FLAGS, first + FLAGS, first + FLAGS + HUGE_PAGES)
  chunk[first + FLAGS] = head
  chunk.fill(mapping, first + MAPPING, first + MAPPING + HUGE_PAGES)
  countUp(chunk, first + INDEX, index)
  const writable = vma.flags & VM_WRITE ? (armed ? PAGE_DIRTY : PAGE_RW | PAGE_DIRTY) : 0
  setPmd(mm, vpn, pteLo(pfn, PAGE_PSE | writable | armed), pteHi(pfn, vma.flags))
  mapHuge(mm.machine, pfn)
}

/** Writes consecutive numbers to the words of 512 frames, four a step: of a store to a typed array, most is to find where its words are. */
function countUp(words: Int32Array, at: number, first: number): void {
  for (let i = 0; i < HUGE_PAGES; i += 4) {
    words[at + i] = first + i
    words[at + i + 1] = first + i + 1
    words[at + i + 2] = first + i + 2
    words[at + i + 3] = first + i + 3
  }
}

function servePresentHuge(kernel: Kernel, mm: AddressSpace, fault: Fault, lo: number): number {
  const { vma, vpn } = fault
  kernel.machine.counters.ptes++
  if (!fault.write && !fault.unshare) return FAULT_DONE
  if (lo & PAGE_RW) return FAULT_DONE
  if (vma.file !== null) {
    if (vma.flags & VM_SHARED && (lo & PAGE_UFFD_WP) === 0) {
      splitHugePmd(mm, vma, vpn)
      return FALLBACK
    }
    splitHugePmd(mm, vma, vpn)
    return FALLBACK
  }
  if (!fault.unshare && lo & PAGE_UFFD_WP && vma.flags & VM_UFFD_WP) {
    if (!kernel.uffd.wpAsync(vma)) return FAULT_WP
    if (kernel.design.hugeWp.splitsOnWrite) {
      splitHugePmd(mm, vma, vpn)
      return FALLBACK
    }
    setPmdLo(mm, vpn, lo & ~PAGE_UFFD_WP)
    return FAULT_DONE
  }
  return copyHugeOnWrite(kernel, mm, fault, lo)
}

/** Reuses an exclusive huge page, or falls back to ptes. @source mm/huge_memory.c do_huge_pmd_wp_page(), do_huge_zero_wp_pmd() */
function copyHugeOnWrite(kernel: Kernel, mm: AddressSpace, fault: Fault, lo: number): number {
  const { vma, vpn } = fault
  const machine = kernel.machine
  const pfn = hugePmdPfn(mm, vpn)
  if (pfn === HUGE_ZERO_PFN) {
    // Whether the vma would still get a huge page is not asked.
    const fresh = mm.calls.hugeZeroWriteAllocates ? machine.frames.alloc(9) : 0
    if (fresh !== 0) {
      mm.prepareAnonVma(vma)
      mapAnonHuge(mm, vma, vpn, fresh, 0)
      machine.frames.put(fresh)
      mm.flush(vpn - (vpn & 511), HUGE_PAGES)
      return FAULT_DONE
    }
  } else if (isHugeExclusive(machine, pfn)) {
    for (let i = 0; i < HUGE_PAGES; i++) machine.frames.setFlags(pfn + i, FRAME_EXCLUSIVE)
    setPmdLo(mm, vpn, lo | PAGE_RW | DIRTY_BY_SOFTWARE | PAGE_ACCESSED)
    return FAULT_DONE
  }
  splitHugePmd(mm, vma, vpn)
  return FALLBACK
}

function setPmdLo(mm: AddressSpace, vpn: number, lo: number): void {
  const tables = mm.machine.tables
  const pmd = tables.pmdTable(mm.pgd, vpn)
  tables.lo(pmd)[tables.base(pmd) + (pmdNumber(vpn) & 511)] = lo
}

/**
 * The composed kernel: one machine, one design, and the address spaces and files that live on it.
 * @module
 */
import {
  type AnonShortcut,
  type AnonVma,
  type BackendName,
  type Backends,
  type Design,
  type Fault,
  FRAME_ANON,
  FRAME_INDEX,
  FRAME_MAPPING,
  type Inode,
  LEVEL_PTE,
  type Mm,
  type SwpTypes,
  type UffdHooks,
} from '@faultline/mm-types'
import { type SimulatedMachine, Tlb } from '@faultline/pagetable-core'
import { swpTypes } from '@faultline/swap-entry'
import { ProcessMemory } from './address-space.ts'
import { ScanOutput } from './calls/scan-output.ts'
import type { AddressSpace, Flush, Kernel, KernelSettings } from './objects.ts'
import { shortcutOf } from './shortcut.ts'
import type { VmArea } from './vma.ts'

/** The measured machine's settings, one CPU. */
export const DEFAULT_SETTINGS: KernelSettings = {
  thp: 'madvise',
  hugeZeroPage: true,
  cpus: 1,
  maxMapCount: 65_530,
  privilege: { ptrace: true, unprivilegedUserfaultfd: false, device: true },
}

/** What `Kernel` is built from; `@faultline/designs` puts it together. */
export interface KernelParts {
  readonly machine: SimulatedMachine
  readonly design: Design
  readonly backends: Backends
  readonly settings?: Partial<KernelSettings>
}

/** A simulated kernel. */
export class SimulatedKernel implements Kernel {
  readonly machine: SimulatedMachine
  readonly design: Design
  readonly backends: Backends
  readonly shortcut: AnonShortcut | null
  readonly settings: KernelSettings
  readonly types: SwpTypes = swpTypes()
  readonly tlbs: Tlb[] = []
  readonly mms: AddressSpace[] = []
  /** Set once by whoever composes the kernel; a kernel without userfaultfd keeps the stub. */
  uffd: UffdHooks = NO_UFFD
  /** Anonymous mappings and files by the id that frames carry. */
  private readonly anonVmas = new Map<number, AnonVma>()
  private readonly inodes = new Map<number, Inode>()
  private nextMapping = 1
  /** Where flushes go while somebody gathers them. */
  private gathered: Flush[] | null = null
  readonly scan = new ScanOutput()
  /** The one fault descriptor; faults do not nest. */
  readonly fault: Fault = {
    mm: null as never,
    vma: null as never,
    vpn: 0,
    write: false,
    unshare: false,
    armed: false,
    user: true,
    address: 0,
    thread: '',
    stays: true,
    table: 0,
    index: 0,
    fresh: false,
    lo: 0,
    hi: 0,
  }

  constructor(parts: KernelParts) {
    this.machine = parts.machine
    this.design = parts.design
    this.backends = parts.backends
    this.shortcut = shortcutOf(parts.backends)
    this.settings = { ...DEFAULT_SETTINGS, ...parts.settings }
    for (let i = 0; i < this.settings.cpus; i++) this.tlbs.push(new Tlb(this.machine.stock))
  }

  newMm(): AddressSpace {
    const mm = new ProcessMemory(this, this.mms.length)
    this.mms.push(mm)
    return mm
  }

  newAnonVma(): AnonVma {
    const anonVma = { id: this.nextMapping++, vmas: new Set<never>() }
    this.anonVmas.set(anonVma.id, anonVma)
    return anonVma
  }

  newOwner(): number {
    return this.nextMapping++
  }

  /** A new memory file of `size` pages of 2^pageShift bytes. */
  newInode(backend: BackendName, size: number, pageShift: number): Inode {
    const inode = {
      id: this.nextMapping++,
      backend,
      pageShift,
      size,
      pages: new Map(),
      vmas: new Set<never>(),
      reserved: new Set<number>(),
    }
    this.inodes.set(inode.id, inode)
    return inode
  }

  inodeOf(pfn: number): Inode | undefined {
    return this.inodes.get(this.machine.frames.field(pfn, FRAME_MAPPING))
  }

  anonMappings(pfn: number, pages = 1): { vma: VmArea; vpn: number }[] {
    const frames = this.machine.frames
    const found: { vma: VmArea; vpn: number }[] = []
    if (!(frames.flags(pfn) & FRAME_ANON)) return found
    const anonVma = this.anonVmas.get(frames.field(pfn, FRAME_MAPPING))
    if (anonVma === undefined) return found
    const index = frames.field(pfn, FRAME_INDEX)
    for (const vma of anonVma.vmas) {
      const offset = (index - (vma.pgoff | 0)) | 0
      if (offset + pages > 0 && offset < vma.end - vma.start) found.push({ vma: vma as VmArea, vpn: vma.start + offset })
    }
    return found
  }

  flush(mm: Mm, vpn: number, pages: number, changed = 1): void {
    const counters = this.machine.counters
    const eachPte = this.design.tlb.flushes === 'each-pte'
    counters.tlbFlushes += eachPte ? changed : 1
    counters.tlbFlushedPages += eachPte ? changed : pages
    if (this.gathered === null) this.flushNow(mm, vpn, pages)
    else this.gathered.push({ mm, vpn, pages })
  }

  flushPage(mm: Mm, vpn: number): void {
    const { counters } = mm.machine
    const { tlbs } = this
    counters.tlbFlushes++
    counters.tlbFlushedPages++
    // By index: an iterator takes thirty instructions more, most of them to end it.
    if (this.gathered === null) for (let i = 0; i < tlbs.length; i++) tlbs[i].flushPage(mm.id, vpn)
    else this.gathered.push({ mm, vpn, pages: 1 })
  }

  flushEach(mm: Mm, vpn: number, pages: number): void {
    const counters = this.machine.counters
    counters.tlbFlushes += pages
    counters.tlbFlushedPages += pages
    if (this.gathered === null) for (const tlb of this.tlbs) for (let i = 0; i < pages; i++) tlb.flushPage(mm.id, vpn + i)
    else for (let i = 0; i < pages; i++) this.gathered.push({ mm, vpn: vpn + i, pages: 1 })
  }

  gatherFlushes(change: () => void): readonly Flush[] {
    const own: Flush[] = []
    this.gathered = own
    try {
      change()
    } finally {
      this.gathered = null
    }
    return own
  }

  /** Performs flushes that were gathered. */
  performFlushes(flushes: readonly Flush[]): void {
    for (const { mm, vpn, pages } of flushes) this.flushNow(mm, vpn, pages)
  }

  release(): void {
    const { tables, frames, swap } = this.machine
    tables.release()
    frames.release()
    swap.release()
    for (const tlb of this.tlbs.splice(0)) tlb.release()
  }

  private flushNow(mm: Mm, vpn: number, pages: number): void {
    for (const tlb of this.tlbs) {
      // @source arch/x86/mm/tlb.c tlb_single_page_flush_ceiling (33): beyond it the whole address space goes.
      if (pages > 33) tlb.flushMm(mm.id)
      else for (let i = 0; i < pages; i++) tlb.flushPage(mm.id, vpn + i)
    }
  }
}

const NO_UFFD: UffdHooks = {
  wpAsync: () => false,
  usesMarkers: () => false,
  armsNone: () => false,
  wholeLevel: () => LEVEL_PTE,
  deliver: () => 0,
  forkVma: (_parent, child) => {
    child.uffd = null
  },
  removed: () => {},
  unmapped: () => {},
  remapped: () => false,
  takeEvents: () => [],
  send: () => {},
  complete: () => {},
}

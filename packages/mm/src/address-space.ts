/**
 * An address space: vmas, page tables, and the rules by which tables are freed.
 * @module
 */
import {
  type Backends,
  type CallSupport,
  type Design,
  type Inode,
  LEVEL_PGD,
  type Machine,
  type MarkerEncoding,
  PAGE_SIZE,
  type TlbPolicy,
  type UffdContext,
  type Vma,
} from '@faultline/mm-types'
import { LimitError } from '@faultline/pagetable-core'
import { classify } from '@faultline/swap-entry'
import { serve } from './fault.ts'
import { isMappedShared } from './folio.ts'
import { freePteTable } from './free-tables.ts'
import { hugePmdLo, hugePmdPfn, setPmd, splitHugePmd } from './huge.ts'
import { mapHugeZeroPage } from './huge-fault.ts'
import type { AddressSpace, Kernel } from './objects.ts'
import { hugetlbTableAlloc, unsharePmdAt, unsharePmds } from './pmd-sharing.ts'
import { splitFolio } from './split-folio.ts'
import { unmapMapping } from './unmap-mapping.ts'
import type { VmArea } from './vma.ts'
import { VmaList } from './vma-list.ts'
import { ZAP_MAPPINGS, ZAP_PLAIN, zapRange } from './zap.ts'

/** One process's memory (mm_struct). */
export class ProcessMemory implements AddressSpace {
  readonly id: number
  readonly pgd: number
  readonly machine: Machine
  readonly encoding: MarkerEncoding
  readonly softDirty: boolean
  readonly forbidsZeropage: boolean
  readonly calls: CallSupport
  readonly tlb: TlbPolicy
  readonly kernel: Kernel
  readonly vmas = new VmaList()
  /** Tables of ptes, pmds and puds (VmPTE in pages), kept by `tables` through the two calls below. */
  private nrTables = 0
  /** Tables of ptes kept for a later split of a huge page. */
  private deposited = 0
  alive = true
  flushesPending = 0

  constructor(kernel: Kernel, id: number) {
    this.kernel = kernel
    this.id = id
    this.machine = kernel.machine
    this.encoding = kernel.design.encoding
    this.softDirty = kernel.design.softDirty
    this.forbidsZeropage = kernel.design.forbidsZeropage
    this.calls = kernel.design.calls
    this.tlb = kernel.design.tlb
    this.pgd = kernel.machine.tables.alloc(LEVEL_PGD)
    if (this.pgd === 0) throw new LimitError(kernel.machine.refusal)
  }

  get design(): Design {
    return this.kernel.design
  }

  get backends(): Backends {
    return this.kernel.backends
  }

  findVma(vpn: number): Vma | undefined {
    return this.vmas.find(vpn)
  }

  vmasWithin(start: number, end: number): readonly Vma[] {
    return this.vmas.within(start, end)
  }

  modifyVma(vma: Vma, start: number, end: number, flags: number, uffd: UffdContext | null): void {
    this.vmas.modify(vma as VmArea, start, end, flags, uffd)
  }

  leafTableAlloc(vma: Vma, vpn: number): number {
    if (vma.backend === 'hugetlb') return hugetlbTableAlloc(this, vma, vpn)
    return this.machine.tables.pteTableAlloc(this.pgd, vpn)
  }

  unsharePmds(vma: Vma, start = vma.start, end = vma.end): void {
    unsharePmds(this, vma, start, end)
  }

  hugeLeaf(vpn: number): number {
    return hugePmdLo(this, vpn)
  }

  hugePfn(vpn: number): number {
    return hugePmdPfn(this, vpn)
  }

  setHugeLeaf(vpn: number, lo: number, hi: number): void {
    setPmd(this, vpn, lo, hi)
  }

  /** @source v6.18 mm/huge_memory.c vma_adjust_trans_huge(); mm/hugetlb.c hugetlb_split() */
  cut(vma: Vma, vpn: number): void {
    if (vma.backend === 'hugetlb') unsharePmdAt(this, vma as VmArea, vpn)
    else if ((vpn & 511) !== 0 && hugePmdLo(this, vpn) !== 0) splitHugePmd(this, vma, vpn)
  }

  splitHuge(vma: Vma, vpn: number): void {
    splitHugePmd(this, vma, vpn)
  }

  mapHugeZeroPage(vma: Vma, vpn: number, flags: number): boolean {
    return mapHugeZeroPage(this.kernel, this, vma, vpn, flags)
  }

  splitFolio(pfn: number): boolean {
    return splitFolio(this.kernel, pfn)
  }

  swapIn(vma: Vma, vpn: number): void {
    const { fault } = this.kernel
    Object.assign(fault, { mm: this, vma, vpn, write: false, unshare: false, armed: false })
    serve(this.kernel, fault, this.machine.tables.pteTable(this.pgd, vpn))
  }

  classify(lo: number, hi: number): number {
    return classify(lo, hi, this.kernel.types, this.encoding)
  }

  zap(vma: Vma, start: number, end: number): void {
    zapRange(this, vma as VmArea, start, end, ZAP_PLAIN)
  }

  unmapFile(inode: Inode, from: number, to: number): void {
    unmapMapping(inode, from, to, ZAP_MAPPINGS)
  }

  retractTable(vpn: number): boolean {
    return freePteTable(this, vpn)
  }

  flushChanged(vpn: number, pages: number, changed: number): void {
    this.kernel.flush(this, vpn, pages, changed)
  }

  flushPage(vpn: number): void {
    this.kernel.flushPage(this, vpn)
  }

  tableBytes(): number {
    return (this.countTables() + this.deposited) * PAGE_SIZE
  }

  /** Huge pages deposit a table each, to be used when they are split. @source mm/pgtable-generic.c pgtable_trans_huge_deposit() */
  deposit(tables: number, reused = false): void {
    this.deposited += tables
    const { counters } = this.machine
    // A table that is reused was counted as freed, or will be as allocated, by the arena, which knows nothing of deposits.
    if (tables > 0) {
      if (reused) counters.tablesFreed -= tables
      else counters.tablesAllocated += tables
    } else if (reused) counters.tablesAllocated += tables
    else counters.tablesFreed -= tables
  }

  mapsAlone(pfn: number): boolean {
    return !isMappedShared(this.kernel, this.machine.frames.head(pfn))
  }

  flush(vpn: number, pages: number): void {
    this.kernel.flush(this, vpn, pages)
  }

  /** Gives a vma an anon_vma before its first private page. @source mm/rmap.c __anon_vma_prepare() */
  prepareAnonVma(vma: Vma): void {
    if (vma.anonVma !== null) return
    const own = vma as VmArea
    const other = this.vmas.mergeableAnon(own)
    const anonVma = other?.anonVma ?? this.kernel.newAnonVma()
    own.joinAnonVma(anonVma, other?.anonOwner ?? anonVma.id)
  }

  /** Counts tables by walking; cheap enough for a status read, and never wrong. */
  private countTables(): number {
    const tables = this.machine.tables
    this.nrTables = 0
    const base = tables.base(this.pgd)
    for (let i = 0; i < 512; i++) this.countBelow(tables.lo(this.pgd)[base + i], tables.hi(this.pgd)[base + i], 2)
    return this.nrTables
  }

  private countBelow(lo: number, hi: number, level: number): void {
    if ((lo & 0x81) !== 1) return
    this.nrTables++
    if (level === 0) return
    const tables = this.machine.tables
    const table = (lo >>> 12) | (hi << 20)
    if (tables.used(table) === 0) return
    const base = tables.base(table)
    const los = tables.lo(table)
    const his = tables.hi(table)
    for (let i = 0; i < 512; i++) if (los[base + i] & 1) this.countBelow(los[base + i], his[base + i], level - 1)
  }
}

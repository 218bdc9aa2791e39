/**
 * Migration: a page moves to another frame; its entries follow, bits and all.
 *
 * The migration entries that Linux installs meanwhile are never seen here, because the whole move is one step.
 * @source v6.18 mm/migrate.c migrate_folio_unmap(), remove_migration_pte()
 * @fidelity simplified: one step without migration entries; huge, zero, merged and swap-cached pages stay where they are
 * @module
 */
import {
  FRAME_ANON,
  FRAME_ENTIRE,
  FRAME_FLAGS,
  FRAME_INDEX,
  FRAME_KSM,
  FRAME_MAP,
  FRAME_MAPPING,
  FRAME_ORDER_SHIFT,
  FRAME_REF,
  FRAME_SLOT,
  FRAME_STAMP,
  FRAME_ZERO,
  type Inode,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import type { AddressSpace } from './objects.ts'
import { filePage, type VmArea, vmaRange } from './vma.ts'

/** Moves the small pages of [start, end). @returns pages moved */
export function migratePages(mm: AddressSpace, start: number, end: number): number {
  let moved = 0
  for (const vma of mm.vmas.within(start, end)) {
    if (vma.pageShift !== 12) continue
    for (let vpn = Math.max(start, vma.start); vpn < Math.min(end, vma.end); vpn++) if (migratePage(mm, vma, vpn)) moved++
  }
  return moved
}

function migratePage(mm: AddressSpace, vma: VmArea, vpn: number): boolean {
  const { frames } = mm.machine
  const at = presentAt(mm, vpn)
  if (at === null) return false
  const old = at.pfn
  const flags = frames.flags(old)
  if (flags & (FRAME_ZERO | FRAME_KSM) || flags >>> FRAME_ORDER_SHIFT !== 0 || frames.field(old, FRAME_SLOT) !== 0) return false
  const fresh = frames.alloc(0)
  if (fresh === 0) return false
  for (const field of [FRAME_REF, FRAME_MAP, FRAME_FLAGS, FRAME_STAMP, FRAME_MAPPING, FRAME_INDEX, FRAME_ENTIRE]) {
    frames.setField(fresh, field, frames.field(old, field))
  }
  const mappings = flags & FRAME_ANON ? mm.kernel.anonMappings(old) : fileMappings(vma, vpn)
  for (const mapping of mappings) repoint(mapping.vma.mm as AddressSpace, mapping.vpn, old, fresh)
  if ((flags & FRAME_ANON) === 0) vma.file?.pages.set(filePage(vma, vpn), fresh)
  frames.setField(old, FRAME_REF, 1)
  frames.put(old)
  return true
}

function presentAt(mm: AddressSpace, vpn: number): { table: number; at: number; pfn: number } | null {
  const tables = mm.machine.tables
  const table = tables.pteTable(mm.pgd, vpn)
  if (table === 0) return null
  const at = tables.base(table) + (vpn & 511)
  const lo = tables.lo(table)[at]
  if ((lo & PAGE_PRESENT_ANY) === 0 || lo & PAGE_PSE) return null
  return { table, at, pfn: ptePfn(lo, tables.hi(table)[at]) }
}

function fileMappings(vma: VmArea, vpn: number): { vma: VmArea; vpn: number }[] {
  const pgoff = filePage(vma, vpn)
  const found: { vma: VmArea; vpn: number }[] = []
  for (const other of (vma.file as Inode).vmas) {
    const range = vmaRange(other, pgoff, pgoff + 1)
    if (range !== null) found.push({ vma: other as VmArea, vpn: range.start })
  }
  return found
}

function repoint(mm: AddressSpace, vpn: number, old: number, fresh: number): void {
  const found = presentAt(mm, vpn)
  if (found === null || found.pfn !== old) return
  const { table, at } = found
  const tables = mm.machine.tables
  tables.lo(table)[at] = (fresh << 12) | (tables.lo(table)[at] & 0xfff)
  tables.hi(table)[at] = (tables.hi(table)[at] & ~0xfffff) | (fresh >>> 20)
  mm.flush(vpn, 1)
}

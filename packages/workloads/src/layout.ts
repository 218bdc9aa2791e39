/**
 * What a layout offers a workload, and what it tells it.
 * @module
 */
import type { PageRange } from './range-set.ts'
import type { PgtraceEvent } from './trace/pgtrace.ts'

/** Hears what a layout did to the address space, after it was done. Ranges are whole pages of the memory type, in 4 KiB units. */
export interface LayoutListener {
  /** Pages are mapped and read as 0. */
  mapped(start: number, pages: number, writable: boolean): void
  /** Pages are gone, content and all. */
  unmapped(start: number, pages: number): void
  /** The program discarded the content of pages that stay mapped. */
  discarded(start: number, pages: number): void
  /** Pages were dropped from the page tables, their content kept. */
  dropped(start: number, pages: number): void
  /** Pages are about to be moved or to grow where they are, which one call can do to one mapping only. Before it is done. */
  moving?(start: number, pages: number): void
  /** Pages moved, with their content. */
  moved(from: number, pages: number, to: number): void
  /** The rights of mapped pages changed. */
  reprotected(start: number, pages: number, writable: boolean): void
  /** The process has a child. */
  forked(child: string): void
}

/** Performs the mapping events of a trace on a session. */
export interface TraceLayout {
  /** Performs one event; those that do not concern the address space do nothing. */
  apply(event: PgtraceEvent): void
  /** Maps readable and writable pages that no event speaks of. */
  inherit(ranges: readonly PageRange[]): void
  /**
   * Makes an access possible that the recorded program was allowed and this address space refuses: maps the page, or
   * gives it all rights. The stack grows so.
   */
  admit(vpn: number): void
}

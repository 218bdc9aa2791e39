/**
 * The memory of one simulated machine, put together.
 * @module
 */
import type { Machine } from '@faultline/mm-types'
import { ChunkStock } from './chunk-stock.ts'
import { MachineCounters } from './counters.ts'
import { FrameTable } from './frames.ts'
import { noRefusal, type Refusal } from './limits.ts'
import { PageTableArena } from './page-tables.ts'
import { SwapArea } from './swap-area.ts'
import { NO_MARKER, type WholeMarker } from './whole.ts'

/** Limits of a machine; what is absent is as large as the data structures allow. */
export interface MachineLimits {
  readonly tables?: number
  readonly frames?: number
  /** Slots of the swap area; the first is its header. */
  readonly swapSlots?: number
}

/** A machine with its own tables, frames, swap area and counters. */
export interface SimulatedMachine extends Machine {
  readonly tables: PageTableArena
  readonly frames: FrameTable
  readonly swap: SwapArea
  readonly counters: MachineCounters
  /** Where its buffers come from. */
  readonly stock: ChunkStock
  /** What was refused last. */
  readonly refusal: Readonly<Refusal>
}

/**
 * Builds an empty machine.
 *
 * @param marker the wp marker of its design, for entries that stand for tables
 * @param stock buffers that other machines gave back
 */
export function createMachine(limits: MachineLimits = {}, marker: WholeMarker = NO_MARKER, stock = new ChunkStock()): SimulatedMachine {
  const counters = new MachineCounters()
  const refusal = noRefusal()
  return {
    counters,
    stock,
    refusal,
    tables: new PageTableArena(counters, limits.tables, marker, stock, refusal),
    frames: new FrameTable(counters, limits.frames, stock, refusal),
    swap: new SwapArea(limits.swapSlots, stock, refusal),
  }
}

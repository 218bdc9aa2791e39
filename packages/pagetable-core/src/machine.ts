/**
 * The memory of one simulated machine, put together.
 * @module
 */
import type { Machine } from '@faultline/mm-types'
import { MachineCounters } from './counters.ts'
import { FrameTable } from './frames.ts'
import { PageTableArena } from './page-tables.ts'
import { SwapArea } from './swap-area.ts'
import { NO_MARKER, type WholeMarker } from './whole.ts'

/** Limits of a machine; what is absent is as large as the data structures allow. */
export interface MachineLimits {
  readonly tables?: number
  readonly frames?: number
  readonly swapSlots?: number
}

/** A machine with its own tables, frames, swap area and counters. */
export interface SimulatedMachine extends Machine {
  readonly tables: PageTableArena
  readonly frames: FrameTable
  readonly swap: SwapArea
  readonly counters: MachineCounters
}

/** Builds an empty machine. @param marker the wp marker of its design, for entries that stand for tables */
export function createMachine(limits: MachineLimits = {}, marker: WholeMarker = NO_MARKER): SimulatedMachine {
  const counters = new MachineCounters()
  return {
    counters,
    tables: new PageTableArena(counters, limits.tables, marker),
    frames: new FrameTable(counters, limits.frames),
    swap: new SwapArea(limits.swapSlots),
  }
}

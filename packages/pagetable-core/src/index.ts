/**
 * Page tables, frames, swap slots, TLBs and counters of a simulated machine. Knows no policy.
 * @module
 */
export { pmdNumber, pteIndex } from './address.ts'
export { newAnonPage } from './anon-page.ts'
export { ChunkStock } from './chunk-stock.ts'
export { countSteps, MachineCounters } from './counters.ts'
export { FIRST_PFN, FrameTable, HUGE_ZERO_PFN, inSwapCache, ZERO_PFN } from './frames.ts'
export { leafIndex, leafLevel, leafPages, leafSpanEnd, leafTable, leafTableAlloc } from './leaf.ts'
export { LimitError, type Refusal } from './limits.ts'
export { createMachine, type MachineLimits, type SimulatedMachine } from './machine.ts'
export { PageTableArena } from './page-tables.ts'
export { DIRTY_BY_SOFTWARE, entryTable, isHugeLeaf, mkPteLo, needsSoftDirtyWp, pointsToTable, pteHi, pteLo, ptePfn } from './pte.ts'
export { sameBits } from './same-bits.ts'
export { SwapArea } from './swap-area.ts'
export { TLB_ENTRIES, TLB_WRITE, Tlb } from './tlb.ts'
export { armWhole, emptied, emptyWhole, entryPages, foldWhole, type WholeMarker, wholeLevel, wholeOf } from './whole.ts'
export { ALWAYS_WRITABLE, mayWrite, NEVER_WRITABLE, type WriteRule, writeRule } from './write-rule.ts'

/**
 * Counts of what a machine did.
 * @module
 */
import type { Counters } from '@faultline/mm-types'

/** All counts at zero. A class so that every instance has one shape. */
export class MachineCounters implements Counters {
  ptes = 0
  tablesAllocated = 0
  tablesFreed = 0
  framesAllocated = 0
  pagesCopied = 0
  faults = 0
  faultsMissing = 0
  faultsMinor = 0
  faultsWp = 0
  faultsCow = 0
  faultsSwapIn = 0
  faultsMarker = 0
  faultsSpurious = 0
  messages = 0
  tlbHits = 0
  tlbMisses = 0
  tlbFlushes = 0
  tlbFlushedPages = 0
  swapOuts = 0
  swapIns = 0
  collapses = 0
  splits = 0
  markersInstalled = 0
  spreads = 0
  folds = 0
  calls = 0
  vmaSplits = 0
  vmaMerges = 0
  signals = 0
}

/**
 * Steps: the events that cost a kernel something, added up without weights. An entry visited, a table or frame
 * allocated, a page copied or swapped, a fault, a message, a signal, a flush, a vma split or merged and a system call count one each.
 */
export function countSteps(c: Counters): number {
  return (
    c.ptes +
    c.tablesAllocated +
    c.tablesFreed +
    c.framesAllocated +
    c.pagesCopied +
    c.faults +
    c.messages +
    c.tlbFlushes +
    c.swapOuts +
    c.swapIns +
    c.collapses +
    c.splits +
    c.calls +
    c.vmaSplits +
    c.vmaMerges +
    c.signals
  )
}

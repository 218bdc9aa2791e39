/**
 * The short loops of a zap: runs of single anonymous pages of which nothing is left in the table.
 * @module
 */
import {
  FRAME_ANON,
  FRAME_CHUNK_MASK,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_MAP,
  FRAME_REF,
  FRAME_SLOT,
  FRAME_SWAPBACKED,
  type Frames,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { fillRun } from './fill-run.ts'

// Constants of the innermost loops, once more: V8 folds those of a module itself, but loads an imported one at every use, which took a third of the time.
const REF = FRAME_REF
const MAP = FRAME_MAP
const FLAGS = FRAME_FLAGS
const SLOT = FRAME_SLOT
const CHUNK_MASK = FRAME_CHUNK_MASK
/** Bits of an entry that tell whether it is present, and huge; and with those of its frame's chunk. */
const CLASS = PAGE_PRESENT_ANY | PAGE_PSE
const CHUNK_AND_CLASS = CLASS | (~0xfff & ~(CHUNK_MASK << 12))
/** Flags that a single page may have which only its references keep. */
const PLAIN_FLAGS = FRAME_ANON | FRAME_EXCLUSIVE | FRAME_DIRTY | FRAME_SWAPBACKED
/**
 * Erases entries from `at` on for as long as one short loop serves them all: single anonymous pages that others hold too, or such that
 * nobody does.
 *
 * @param end of entries that have the high word `hi`
 * @returns entries erased
 */
export function dropRun(los: Int32Array, his: Int32Array, hi: number, at: number, end: number, frames: Frames): number {
  const pfn = ptePfn(los[at], hi)
  const isShared = frames.chunk(pfn)[(pfn & CHUNK_MASK) + REF] > 1
  const run = isShared ? dropShared(los, hi, at, end, frames) : dropOwn(los, hi, at, end, frames)
  if (!isShared) freeFrames(los, hi, at, at + run, frames)
  fillRun(los, 0, at, at + run)
  fillRun(his, 0, at, at + run)
  return run
}

/** Drops the mappings of pages that stay. @returns how many */
function dropShared(los: Int32Array, hi: number, at: number, end: number, frames: Frames): number {
  let held = los[at]
  let chunk = frames.chunk(ptePfn(held, hi))
  let next = at
  for (; next < end; next++) {
    const lo = los[next]
    if (((lo ^ held) & CHUNK_AND_CLASS) !== 0) {
      if (((lo ^ held) & CLASS) !== 0) break
      chunk = frames.chunk(ptePfn(lo, hi))
      held = lo
    }
    const record = (lo >>> 12) & CHUNK_MASK
    const references = chunk[record + REF]
    if (references < 2 || chunk[record + FLAGS] & ~PLAIN_FLAGS || chunk[record + SLOT] !== 0) break
    chunk[record + REF] = references - 1
    chunk[record + MAP]--
  }
  return next - at
}

/**
 * Drops the references of entries from `at` on that map single anonymous pages which nobody else holds. That nothing else is done here is
 * what makes it fast: the processor waits for many records at a time, where a loop that frees each would wait for one after the other.
 *
 * @returns how many
 */
function dropOwn(los: Int32Array, hi: number, at: number, end: number, frames: Frames): number {
  let held = los[at]
  let chunk = frames.chunk(ptePfn(held, hi))
  let next = at
  for (; next < end; next++) {
    const lo = los[next]
    if (((lo ^ held) & CHUNK_AND_CLASS) !== 0) {
      if (((lo ^ held) & CLASS) !== 0) break
      chunk = frames.chunk(ptePfn(lo, hi))
      held = lo
    }
    const record = (lo >>> 12) & CHUNK_MASK
    // The one reference is that of the entry.
    if (chunk[record + REF] !== 1 || chunk[record + FLAGS] & ~PLAIN_FLAGS) break
    chunk[record + REF] = 0
  }
  return next - at
}

/** Frees the pages that entries map: at once those that follow one another, as pages do that were touched in order. */
function freeFrames(los: Int32Array, hi: number, at: number, end: number, frames: Frames): void {
  while (at < end) {
    const first = los[at] >>> 12
    let next = at + 1
    while (next < end && los[next] >>> 12 === first + (next - at)) next++
    frames.freeRun(ptePfn(los[at], hi), next - at)
    at = next
  }
}

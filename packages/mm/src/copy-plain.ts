/**
 * The short loop of fork: entries that map single pages.
 * @module
 */
import {
  FRAME_CHUNK_MASK,
  FRAME_EXCLUSIVE,
  FRAME_FLAGS,
  FRAME_MAP,
  FRAME_REF,
  FRAME_TAIL,
  FRAME_ZERO,
  type Frames,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'
import { fillRun } from './fill-run.ts'

// Constants of the innermost loop, once more: V8 folds those of a module itself, but loads an imported one at every use, which took a quarter of the time.
const REF = FRAME_REF
const MAP = FRAME_MAP
const FLAGS = FRAME_FLAGS
const CHUNK_MASK = FRAME_CHUNK_MASK
const EXCLUSIVE = FRAME_EXCLUSIVE
const SPECIAL = FRAME_ZERO | FRAME_TAIL
const PRESENT = PAGE_PRESENT_ANY
const HUGE = PAGE_PSE
/** Bits of an entry that tell whether it is present, and huge; and with those of its frame's chunk. */
const CLASS = PRESENT | HUGE
const CHUNK_AND_CLASS = CLASS | (~0xfff & ~(CHUNK_MASK << 12))

/**
 * Copies entries from `at` on for as long as they map single pages. Apart from the rest, and in loops of few arrays each, because of every
 * access to a typed array most is to find where its words are: one loop with six arrays takes twice as long.
 *
 * @param end of entries that have the high word `hi`
 * @returns entries copied
 */
export function copyPlain(
  los: Int32Array,
  hi: number,
  at: number,
  end: number,
  outLos: Int32Array,
  outHis: Int32Array,
  outAt: number,
  parentMask: number,
  childMask: number,
  frames: Frames,
): number {
  const lo = los[at]
  if ((lo & PRESENT) === 0 || lo & HUGE) return 0
  const shared = shareFrames(los, at, end, hi, frames)
  copyWords(los, at, at + shared, outLos, outAt, parentMask, childMask)
  fillRun(outHis, hi, outAt, outAt + shared)
  return shared
}

/** Counts a mapping more of the frame of each entry that maps a single page. @returns entries */
function shareFrames(los: Int32Array, at: number, end: number, hi: number, frames: Frames): number {
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
    const flags = chunk[record + FLAGS]
    if (flags & SPECIAL) break
    chunk[record + REF]++
    chunk[record + MAP]++
    if (flags & EXCLUSIVE) chunk[record + FLAGS] = flags & ~EXCLUSIVE
  }
  return next - at
}

function copyWords(
  los: Int32Array,
  at: number,
  end: number,
  outLos: Int32Array,
  outAt: number,
  parentMask: number,
  childMask: number,
): void {
  let next = at
  let out = outAt
  for (; next <= end - 4; next += 4, out += 4) {
    const a = los[next]
    const b = los[next + 1]
    const c = los[next + 2]
    const d = los[next + 3]
    los[next] = a & parentMask
    los[next + 1] = b & parentMask
    los[next + 2] = c & parentMask
    los[next + 3] = d & parentMask
    outLos[out] = a & childMask
    outLos[out + 1] = b & childMask
    outLos[out + 2] = c & childMask
    outLos[out + 3] = d & childMask
  }
  for (; next < end; next++, out++) {
    const lo = los[next]
    los[next] = lo & parentMask
    outLos[out] = lo & childMask
  }
}

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
  FRAME_SHIFT,
  FRAME_TAIL,
  FRAME_ZERO,
  type Frames,
  PAGE_PRESENT_ANY,
  PAGE_PSE,
} from '@faultline/mm-types'
import { ptePfn } from '@faultline/pagetable-core'

// Constants of the innermost loop, once more: V8 folds those of a module itself, but loads an imported one at every use, which took a quarter of the time.
const REF = FRAME_REF
const MAP = FRAME_MAP
const FLAGS = FRAME_FLAGS
const SHIFT = FRAME_SHIFT
const CHUNK_MASK = FRAME_CHUNK_MASK
const EXCLUSIVE = FRAME_EXCLUSIVE
const SPECIAL = FRAME_ZERO | FRAME_TAIL
const PRESENT = PAGE_PRESENT_ANY
const HUGE = PAGE_PSE
/** Bits of an entry that tell whether it is present, and huge; and with those of its frame's chunk. */
const CLASS = PRESENT | HUGE
const CHUNK_AND_CLASS = CLASS | (~0xfff & ~(CHUNK_MASK << 12))

/**
 * Copies entries from `at` on for as long as they map single pages. Apart from the rest because a loop without calls keeps what it
 * knows of the six arrays: it takes half the time.
 *
 * @returns entries copied
 */
export function copyPlain(
  los: Int32Array,
  his: Int32Array,
  at: number,
  end: number,
  outLos: Int32Array,
  outHis: Int32Array,
  outAt: number,
  parentMask: number,
  childMask: number,
  frames: Frames,
): number {
  const hi = his[at]
  let held = los[at]
  if ((held & PRESENT) === 0 || held & HUGE) return 0
  let chunk = frames.chunk(ptePfn(held, hi))
  let next = at
  for (let out = outAt; next < end; next++, out++) {
    const lo = los[next]
    if (((lo ^ held) & CHUNK_AND_CLASS) !== 0) {
      if (((lo ^ held) & CLASS) !== 0) break
      chunk = frames.chunk(ptePfn(lo, hi))
      held = lo
    }
    if (his[next] !== hi) break
    const record = ((lo >>> 12) & CHUNK_MASK) << SHIFT
    const flags = chunk[record + FLAGS]
    if (flags & SPECIAL) break
    chunk[record + REF]++
    chunk[record + MAP]++
    if (flags & EXCLUSIVE) chunk[record + FLAGS] = flags & ~EXCLUSIVE
    los[next] = lo & parentMask
    outLos[out] = lo & childMask
    outHis[out] = hi
  }
  return next - at
}

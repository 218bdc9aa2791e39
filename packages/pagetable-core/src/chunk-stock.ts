/**
 * Buffers that machines gave back, for the machines after them.
 *
 * Thousands of short programs each run on a machine of their own, and what costs most of it is its memory: the system maps and zeroes
 * every page of it anew, and the garbage collector is called for what was left.
 * @module
 */

/** Buffers of a length that are kept, and the longest: a short program takes no more, and what a long one leaves is not held on to. */
const MOST = 16
const LONGEST = 1 << 15

/** Buffers of zeros, by length. */
export class ChunkStock {
  private readonly kept = new Map<number, Int32Array<ArrayBuffer>[]>()

  /** A buffer of zeros. */
  take(words: number): Int32Array<ArrayBuffer> {
    return this.kept.get(words)?.pop() ?? new Int32Array(words)
  }

  /** Takes back buffers that nobody uses any more, with whatever is in them. */
  put(buffers: readonly Int32Array<ArrayBuffer>[]): void {
    for (const buffer of buffers) {
      if (buffer.length > LONGEST) continue
      let kept = this.kept.get(buffer.length)
      if (kept === undefined) {
        kept = []
        this.kept.set(buffer.length, kept)
      }
      if (kept.length < MOST) kept.push(buffer.fill(0))
    }
  }
}

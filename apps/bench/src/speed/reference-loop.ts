/**
 * What the guard measures the model by: a loop over typed arrays that no change of the model makes faster or slower.
 *
 * It does what simulated page tables do: loads that depend on loads, a branch on what was found, stores into a second array.
 * @module
 */

/** 4 KiB of "ptes", and 32 bytes a "frame": all of it in the first cache, since what lies further away differs from process to process. */
const ENTRIES = 1024
const FRAME_WORDS = 8
/** Of one run. Each is a call: a loop that is replaced while it runs was 1.5 times as slow in every third process, and stayed so. */
const PASSES = 8
const WARM_RUNS = 2000

/** The loop with its arrays. */
export class ReferenceLoop {
  private readonly entries = new Int32Array(ENTRIES)
  private readonly frames = new Int32Array(ENTRIES * FRAME_WORDS)
  /** Steps of one run. */
  readonly steps = ENTRIES * PASSES

  constructor() {
    // One cycle through all entries: a step is known only when the one before it has been loaded.
    for (let i = 0; i < ENTRIES; i++) this.entries[i] = (((i * 5 + 1) & (ENTRIES - 1)) << 12) | (i & 1)
    for (let i = 0; i < WARM_RUNS; i++) this.run()
  }

  /** Goes through all entries, time and again. @returns something that depends on all of it */
  run(): number {
    let sum = 0
    for (let i = 0; i < PASSES; i++) sum = (sum + onePass(this.entries, this.frames)) | 0
    return sum
  }
}

function onePass(entries: Int32Array, frames: Int32Array): number {
  let sum = 0
  for (let step = 0, i = 0; step < ENTRIES; step++) {
    const entry = entries[i]
    const at = (entry >>> 12) * FRAME_WORDS
    if (entry & 1) frames[at + 3] = step
    else frames[at + 1]++
    sum = (sum + frames[at + 1]) | 0
    entries[i] = entry ^ 1
    i = entry >>> 12
  }
  return sum
}

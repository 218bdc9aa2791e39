/**
 * Free single frames, handed out lowest first; and free page tables, which are numbers, too.
 *
 * The order is for speed: pages that are mapped one after the other get frames one after the other again, whatever happened to these
 * before, so that loops over ptes meet the frame table in order. A list of free frames would come back shuffled, and to take
 * from it is to wait for a cold record.
 * @module
 */

/** One bit a frame: 32 frames a word, 1024 words a chunk. */
const CHUNK_SHIFT = 15
const WORDS = 1024
/** Above the words, a bit for each of them that is not 0: 32 words of bits; and one word for these. */
const GROUPS = 32
const TOP = GROUPS

/** No word is held. */
const NO_WORD = -1

/** A set of frame numbers of which the lowest can be taken. Grows by chunks. */
export class FreeFrames {
  private readonly words: Int32Array[] = []
  private readonly summaries: Int32Array[] = []
  /** No chunk below this one has a free frame. */
  private lowest = 0
  // The lowest word is held here and not in its chunk, for as long as nothing below it is put: 31 of 32 frames need no look at the rest.
  private word = NO_WORD
  private bits = 0

  put(pfn: number): void {
    const number = pfn >>> 5
    if (number === this.word) this.bits |= 1 << (pfn & 31)
    else {
      if (number < this.word) this.letGo()
      this.putBits(number, 1 << (pfn & 31))
    }
  }

  private putBits(number: number, bits: number): void {
    const chunk = number >>> (CHUNK_SHIFT - 5)
    if (chunk >= this.words.length) this.grow(chunk)
    const word = number & (WORDS - 1)
    const words = this.words[chunk]
    const before = words[word]
    words[word] = before | bits
    // The rest is said already of a word that was not 0.
    if (before !== 0) return
    const summary = this.summaries[chunk]
    summary[word >>> 5] |= 1 << (word & 31)
    summary[TOP] |= 1 << (word >>> 5)
    if (chunk < this.lowest) this.lowest = chunk
  }

  /** The held word is one like any other again. */
  private letGo(): void {
    if (this.bits !== 0) this.putBits(this.word, this.bits)
    this.word = NO_WORD
    this.bits = 0
  }

  /** Puts `nr` frames from `first` on. */
  putRun(first: number, nr: number): void {
    for (let pfn = first, end = first + nr; pfn < end; ) {
      const next = Math.min(end, (pfn | 31) + 1)
      const bits = (-1 >>> (32 - (next - pfn))) << (pfn & 31)
      const number = pfn >>> 5
      if (number < this.word) this.letGo()
      if (number === this.word) this.bits |= bits
      else this.putBits(number, bits)
      pfn = next
    }
  }

  /** Takes the lowest free frame. @returns 0 when there is none */
  take(): number {
    if (this.bits === 0 && !this.hold()) return 0
    const bits = this.bits
    this.bits = bits & (bits - 1)
    return (this.word << 5) | lowestBit(bits)
  }

  /** Holds the lowest word that has a free frame. @returns false when there is none */
  private hold(): boolean {
    let chunk = this.lowest
    while (chunk < this.summaries.length && this.summaries[chunk][TOP] === 0) chunk++
    this.lowest = chunk
    if (chunk === this.summaries.length) return false
    const words = this.words[chunk]
    const summary = this.summaries[chunk]
    const group = lowestBit(summary[TOP])
    const word = (group << 5) | lowestBit(summary[group])
    this.word = (chunk << (CHUNK_SHIFT - 5)) | word
    this.bits = words[word]
    words[word] = 0
    summary[group] &= summary[group] - 1
    if (summary[group] === 0) summary[TOP] &= summary[TOP] - 1
    return true
  }

  private grow(chunk: number): void {
    while (this.words.length <= chunk) {
      this.words.push(new Int32Array(WORDS))
      this.summaries.push(new Int32Array(GROUPS + 1))
    }
  }
}

/** Index of the lowest bit that is set. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}

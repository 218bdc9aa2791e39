/**
 * Per-page state for sparse address spaces: chunks of 4096 pages behind a small cache of chunks.
 * @module
 */

/** Pages in a chunk. */
export const CHUNK_PAGES = 4096

// Literals below: V8 does not fold what a module exports, and would divide.
const CACHE_MASK = 63

/**
 * A map from page number to whatever a chunk of 4096 pages keeps, made when first asked for.
 *
 * `at` is on the path of every access of a replay: it must not allocate, and finds a chunk used lately without hashing.
 */
export class PageChunks<T> {
  readonly #chunks = new Map<number, T>()
  readonly #make: () => T
  readonly #keys = new Int32Array(CACHE_MASK + 1).fill(-1)
  readonly #cached: T[] = []

  constructor(make: () => T) {
    this.#make = make
  }

  /** The chunk of a page; the page's index in it is `vpn & (CHUNK_PAGES - 1)`, also for page numbers beyond 32 bits. */
  at(vpn: number): T {
    const key = (vpn / 4096) | 0
    const slot = key & CACHE_MASK
    return this.#keys[slot] === key ? this.#cached[slot] : this.#miss(key, slot)
  }

  /** Copies every chunk with `copy`. */
  clone(copy: (chunk: T) => T): PageChunks<T> {
    const other = new PageChunks(this.#make)
    for (const [key, chunk] of this.#chunks) other.#chunks.set(key, copy(chunk))
    return other
  }

  #miss(key: number, slot: number): T {
    let chunk = this.#chunks.get(key)
    if (chunk === undefined) {
      chunk = this.#make()
      this.#chunks.set(key, chunk)
    }
    // The cached array is filled from slot 0 up once, so that it never has holes.
    while (this.#cached.length <= slot) this.#cached.push(chunk)
    this.#keys[slot] = key
    this.#cached[slot] = chunk
    return chunk
  }
}

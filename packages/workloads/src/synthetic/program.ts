/**
 * The words in which a synthetic program is described: what it maps, and in which order it touches its pages.
 * @module
 */

/**
 * How a touch chooses its pages.
 *
 * - sequential: one after the other from `offset`, around the end.
 * - strided: every `stride`th, around the end; each time around one page further.
 * - shuffled: distinct pages in random order.
 * - random: each page as likely as the others, with repetitions.
 * - zipf: the page of rank k with a weight of k^-skew, with repetitions; ranks are scattered over the range.
 */
export type TouchOrder = 'sequential' | 'strided' | 'shuffled' | 'random' | 'zipf'

/** Pages of 4 KiB by absolute number. */
interface Pages {
  readonly start: number
  readonly pages: number
}

/** Loads and stores to the pages of a range. */
export interface Touch extends Pages {
  readonly do: 'touch'
  /** Accesses; as many as there are pages when left out. Of `shuffled`, at most that. */
  readonly count?: number
  /** `sequential` when left out. */
  readonly order?: TouchOrder
  /** Chance of an access to be a store; 1 when left out. */
  readonly writes?: number
  /** Pages taken for one, of which the first is touched; 1 when left out. With 512, `count`, `offset` and `stride` are of huge pages. */
  readonly grain?: number
  /** First page of `sequential` and `strided`, from the start of the range. */
  readonly offset?: number
  /** Of `strided`. */
  readonly stride?: number
  /** Of `zipf`; 0.99 when left out. */
  readonly skew?: number
}

/** One thing a synthetic program does. */
export type SyntheticStep =
  | Touch
  /** mmap of private anonymous memory, which a layout makes its own memory of; writable when not said otherwise. */
  | (Pages & { readonly do: 'map'; readonly writable?: boolean })
  | (Pages & { readonly do: 'unmap' })
  | (Pages & { readonly do: 'protect'; readonly writable: boolean })
  /** madvise; `advice` is a MADV_*. */
  | (Pages & { readonly do: 'advise'; readonly advice: number })
  /** mremap to `to`, which may be `start`; of `newPages`, or as many as before. */
  | (Pages & { readonly do: 'remap'; readonly to: number; readonly newPages?: number })
  /** brk from one end of the heap to another; the first one begins it. Ends are one past the last page. */
  | { readonly do: 'brk'; readonly from: number; readonly to: number }
  | { readonly do: 'fork' }
  /** Ends what a workload with `epochMarks: 1` takes for an epoch. */
  | { readonly do: 'epoch' }

/** A program made up from a description. */
export interface SyntheticProgram {
  readonly name: string
  /** Of all that is random in it; an integer. */
  readonly seed: number
  readonly steps: readonly SyntheticStep[]
}

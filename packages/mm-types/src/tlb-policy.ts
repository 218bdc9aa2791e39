/**
 * Seam: tlb. When is a stale translation gone?
 * @module
 */

/** Plain data: read at each change that removes rights from a translation. */
export interface TlbPolicy {
  readonly name: string
  /** One flush an entry changed; otherwise one for the range of a call. */
  readonly flushesEachPte: boolean
  /** The flush of a write-protect call waits until its lock is dropped: other CPUs run in between. */
  readonly deferred: boolean
  readonly source: string
}

/**
 * A race: what several CPUs do to one page at the same time, written as programs.
 * @module
 */

/** What one CPU does. */
export interface RaceCpu {
  /** Operations of the program language: `write`, `writeprotect`, `clear_refs`; one a line. */
  readonly program: string
  /** It has stored to the page before: its TLB holds a writable translation. */
  readonly hasEntry?: boolean
}

/**
 * A few CPUs and one page. Each store writes a word of its own: its value is the bit of the page's contents that stands for the word, and
 * a store adds that bit. So a store that is gone is seen whatever came after it.
 */
export interface Race {
  readonly name: string
  readonly title: string
  readonly text: string
  /** Where it was found, and what mended it. */
  readonly source: string
  /** What comes before, on CPU 0 alone: a program. Each line must succeed. */
  readonly setup: string
  /** Somebody else holds a reference to the page: a pin, or a batch on its way to a list of pages. */
  readonly isHeld: boolean
  readonly cpus: readonly RaceCpu[]
}

/**
 * The seams of the non-present pte: its layout on an architecture, the numbering of swap types, what a leaf can be,
 * and where a protection lives when the page is not there. Data and signatures only; `@faultline/swap-entry` fills them.
 *
 * @module
 */

/** The entry is empty. */
export const SOFTLEAF_NONE = 0
/** The entry maps a page (present, or PROT_NONE). */
export const SOFTLEAF_PRESENT = 1
/** A slot of a swap area. */
export const SOFTLEAF_SWAP = 2
/** The page is being moved. */
export const SOFTLEAF_MIGRATION = 3
/** The page's memory is broken. */
export const SOFTLEAF_HWPOISON = 4
/** The page is in, or lent to, a device. */
export const SOFTLEAF_DEVICE_PRIVATE = 5
/** No page: the entry keeps information only, in the form of a swap entry. */
export const SOFTLEAF_MARKER = 6
/** No page: the entry keeps information only, in a form that is no swap entry. */
export const SOFTLEAF_SPECIAL_PTE = 7

/** What a leaf entry is: one of the `SOFTLEAF_*` integers. */
export type SoftleafClass = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7

/**
 * Where the fields of a non-present pte lie on one architecture; bit numbers count from the least significant bit.
 *
 * Adding an architecture starts with one of these; no code reads it in a hot loop.
 */
export interface SwapPteLayout {
  readonly name: string
  /** Bits of a pte. */
  readonly pteBits: 32 | 64
  /** Bits of the word that holds a swap entry outside of page tables; 32 with 64-bit ptes on arm with LPAE and i386 with PAE. */
  readonly entryBits: 32 | 64
  /** Lowest bit and width of the swap type. */
  readonly typeShift: number
  readonly typeBits: number
  /** Lowest bit and width of the swap offset. */
  readonly offsetShift: number
  readonly offsetBits: number
  /** True when the pte holds the complement of the offset (x86, against L1TF). */
  readonly offsetInverted: boolean
  /** Bit of the exclusive flag, -1 where the architecture has none. */
  readonly exclusiveBit: number
  /** Bit of the soft-dirty flag, -1 where the architecture has none. */
  readonly softDirtyBit: number
  /** Bit of the uffd-wp flag, -1 where the architecture has none. */
  readonly uffdWpBit: number
  /** Bits that every swap pte has set. */
  readonly setBits: readonly number[]
  /** Bits that a swap pte must leave clear, besides those that would make it present. */
  readonly clearBits: readonly number[]
  /** A pte is present to software when any of these bits is set... */
  readonly presentBits: readonly number[]
  /** ... and all of these. */
  readonly presentNeedsBits: readonly number[]
  /** Bits set in a none pte. */
  readonly noneBits: readonly number[]
  /** Bits that a none pte may have set all the same (hardware errata, hash-table state). */
  readonly noneIgnoredBits: readonly number[]
  /** Where this layout is defined. */
  readonly source: string
}

/** Which swap types a kernel configuration takes away from the swap areas. */
export interface SwpTypesConfig {
  /** CONFIG_MIGRATION: three types. */
  readonly migration: boolean
  /** CONFIG_MEMORY_FAILURE: one type. */
  readonly memoryFailure: boolean
  /** CONFIG_DEVICE_PRIVATE: three types. */
  readonly devicePrivate: boolean
  /** The pte marker: one type. */
  readonly marker: boolean
}

/**
 * The numbering of the 32 swap types under one configuration; -1 stands for a type that the configuration lacks.
 *
 * @source v6.18 include/linux/swap.h
 */
export interface SwpTypes {
  /** Swap areas are the types 0 .. nrSwapfiles - 1 (MAX_SWAPFILES). */
  readonly nrSwapfiles: number
  readonly hwpoison: number
  readonly migrationRead: number
  readonly migrationReadExclusive: number
  readonly migrationWrite: number
  readonly deviceWrite: number
  readonly deviceRead: number
  readonly deviceExclusive: number
  readonly marker: number
  /** `SOFTLEAF_*` of each of the 32 types. */
  readonly classOf: Uint8Array
}

/**
 * Seam: where does information live in an erased pte?
 *
 * Words are those of one pte layout. Called once per fault, zap or fork of one entry; loops over a table
 * do not call it but hoist the words: store `wpLo, wpHi`, and test
 * `(lo & wpTestLoMask) === wpTestLo && (hi & wpTestHiMask) === wpTestHi`, which is true exactly for the markers that
 * carry PTE_MARKER_UFFD_WP. An encoding holds no state and knows no vma: whether a bit must survive is for its caller.
 * A marker must never read as none, as present, or as an entry that a swap area can hand out.
 */
export interface MarkerEncoding {
  /** Short name, as in tables: `pte-marker`. */
  readonly name: string
  /** One line for people. */
  readonly title: string
  /** Kernel file and function, or mailing-list series. */
  readonly source: string
  /** Which `PTE_MARKER_*` bits it can carry; 0 for none at all. */
  readonly bits: number
  /** `SOFTLEAF_MARKER` or `SOFTLEAF_SPECIAL_PTE`; `SOFTLEAF_NONE` for the encoding that has no markers. */
  readonly markerClass: SoftleafClass
  /** The plain write-protect marker, 0 and 0 when there is none. */
  readonly wpLo: number
  readonly wpHi: number
  /** The test for a marker that carries PTE_MARKER_UFFD_WP; see above. It never holds when there is none. */
  readonly wpTestLoMask: number
  readonly wpTestLo: number
  readonly wpTestHiMask: number
  readonly wpTestHi: number
  /** Swap types, of 32, that the encoding takes from the swap areas. */
  readonly swapTypesTaken: number
  /** What else could be read in its words, and why it is not. */
  readonly collides: string
  /** Low word of the marker with exactly these bits; 0 when they are empty or not expressible. */
  markerLo(bits: number): number
  /** High word of the marker with exactly these bits; 0 when they are empty or not expressible. */
  markerHi(bits: number): number
  /** The bits that the marker carries; 0 when the words are not a marker of this encoding. */
  markerBits(lo: number, hi: number): number
}

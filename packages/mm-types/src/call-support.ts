/**
 * What releases of Linux have changed beside the contested questions.
 * @module
 */

/** How calls differ between releases of Linux, apart from the contested questions. Each names the release that brought it. */
export interface CallSupport {
  /** PAGE_IS_* categories that the PAGEMAP_SCAN ioctl (6.7) knows; 0 where there is no such ioctl. */
  readonly scanCategories: number
  /** Memory that takes MADV_GUARD_INSTALL and MADV_GUARD_REMOVE: anonymous (6.13), and files but hugetlb (6.15). */
  readonly guardRegions: 'none' | 'anon' | 'anon and files'
  /** 5.11: UFFD_USER_MODE_ONLY, which everybody may ask for; before, the flag is unknown. */
  readonly userModeOnly: boolean
  /** 6.1: userfaultfds by /dev/userfaultfd. */
  readonly userfaultfdDevice: boolean
  /** 5.18: MADV_DONTNEED of hugetlb memory. */
  readonly dontneedHugetlb: boolean
  /** 5.16: mremap of hugetlb mappings. */
  readonly mremapHugetlb: boolean
  /** 6.3: WRITEPROTECT may span several mappings, and passes over holes; before, one mapping must hold the whole range. */
  readonly writeProtectSpans: boolean
  /** 6.4: UFFDIO_CONTINUE_MODE_WP. */
  readonly continueWp: boolean
  /** 6.4: fork copies protected hugetlb pages without their bit to a child that is not watched; before, the child kept it. */
  readonly forkClearsHugetlb: boolean
  /** 6.4: ioctls that find mappings changing say so in their result field too. */
  readonly tellsChanging: boolean
  /** After 6.1: swap-in maps a page writable as soon as it may be; before, only for a write, which made even a protected page dirty. */
  readonly swapInWritable: boolean
  /** When a write reuses a page of a large folio that other processes have shared: with its last mapping, never, or (6.15) mapped by nobody else. */
  readonly reusesLarge: 'last' | 'never' | 'alone'
  /** 6.13: a write to the huge zero page gets a huge page; before, the zero page was split and one page copied. */
  readonly hugeZeroWriteAllocates: boolean
  /** 6.12: pagemap counts the mappings of each page that is mapped huge; in other releases those of the first page. */
  readonly pagemapCountsEach: boolean
  /** 6.9: MADV_POPULATE_READ and MADV_POPULATE_WRITE end at the first hole; before, they went on after it. */
  readonly populateStopsAtHoles: boolean
  /** 6.12: a split of a huge page maps the zero page in place of pages that hold nothing but zeroes. */
  readonly splitMapsZeroPage: boolean
  /** After 6.1: ptes of a split huge leaf are as dirty as the leaf was, and a page split where it is mapped stays as soft-dirty as it was. */
  readonly splitKeepsDirty: boolean
  /** After 6.1: a fill makes a private mapping ready for pages (anon_vma) before it looks whether the mapping can be filled. */
  readonly fillPreparesFirst: boolean
  /** After 6.1: pagemap calls no page exclusive that is mapped by a shared table. */
  readonly pagemapSeesSharedTables: boolean
  /** After 6.12: joined mappings are soft-dirty when one of them was; before, as the part that a call changes, or as the neighbour of what was moved. */
  readonly mergeKeepsSoftDirty: boolean
  /** After 6.1: anonymous memory that holds nothing no longer counts against the commit limit once mprotect makes it read-only. */
  readonly mprotectUnaccounts: boolean
  /** After 6.1: a file with holes does not become huge where a mapping waits for its missing pages. */
  readonly collapseHeedsMissing: boolean
  /** 6.14: MADV_DONTNEED frees the tables that it empties. */
  readonly reclaimsTables: boolean
  /** 6.17: mremap moves several mappings, and checks all before it unmaps the target; before, the target went first. */
  readonly mremapChecksFirst: boolean
}

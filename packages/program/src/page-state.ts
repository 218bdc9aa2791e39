/**
 * The state of one page as an integer of bits, in the words of /proc/pid/pagemap and kpageflags.
 * @module
 */

/** pagemap bit 63. */
export const STATE_PRESENT = 0x1
/** pagemap bit 62: a non-present entry that is not none (swap, migration, marker). */
export const STATE_SWAP = 0x2
/** pagemap bit 61: file page or shared anonymous. */
export const STATE_FILE = 0x4
/** pagemap bit 58: guard region. */
export const STATE_GUARD = 0x8
/** pagemap bit 57: write-protected by userfaultfd. */
export const STATE_UFFD_WP = 0x10
/** pagemap bit 56: mapped exactly once. */
export const STATE_EXCLUSIVE = 0x20
/** pagemap bit 55. */
export const STATE_SOFT_DIRTY = 0x40
/** kpageflags ZERO_PAGE. */
export const STATE_ZERO = 0x80
/** kpageflags THP. */
export const STATE_THP = 0x100
/** kpageflags HUGE (hugetlb). */
export const STATE_HUGE = 0x200
/** A marker carrying the uffd-wp bit (swap type of the marker, offset bit 1). */
export const STATE_MARKER_WP = 0x400
/** A marker carrying the poison bit. */
export const STATE_MARKER_POISON = 0x800
/** A marker carrying the guard bit. */
export const STATE_MARKER_GUARD = 0x1000
/** A migration, hwpoison or device entry. */
export const STATE_SPECIAL = 0x2000

/** Spells a state as the recorded matrix does, such as `present anon excl +WP`. */
export function formatPageState(state: number): string {
  let text: string
  if (state & STATE_PRESENT) {
    text = `present ${state & STATE_FILE ? 'file' : 'anon'}`
    if (state & STATE_EXCLUSIVE) text += ' excl'
    if (state & STATE_ZERO) text += ' ZERO'
    if (state & STATE_THP) text += ' THP'
    if (state & STATE_HUGE) text += ' HUGE'
  } else if (state & STATE_SWAP) {
    text = formatSwap(state)
    if (state & STATE_FILE) text += ' file'
  } else text = 'none'
  if (state & STATE_UFFD_WP) text += ' +WP'
  if (state & STATE_GUARD) text += ' [G]'
  return text
}

function formatSwap(state: number): string {
  const marker = state & (STATE_MARKER_WP | STATE_MARKER_POISON | STATE_MARKER_GUARD)
  if (marker) {
    return `marker(${state & STATE_MARKER_WP ? 'wp' : ''}${state & STATE_MARKER_POISON ? 'poison' : ''}${state & STATE_MARKER_GUARD ? 'guard' : ''})`
  }
  return state & STATE_SPECIAL ? 'special' : 'swap'
}

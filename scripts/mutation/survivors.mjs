// Changes that no test can notice, and why: listed in docs/mutation.md. A survivor that is not here is a hole, or nobody has looked yet.
// Each change is what stood there and what was put in its place, as the run prints it.
const PAGETABLE_CORE = [
  {
    why: 'The same number, by a shift where it fits into 31 bits and by a division where it does not: the shift is there to be fast.',
    file: 'packages/pagetable-core/src/address.ts',
    changes: [
      ['vpn <= 0x7fffffff', 'false'],
      ['vpn <= 0x7fffffff', 'vpn < 0x7fffffff'],
    ],
  },
  {
    why: 'What is done once too often does nothing: growing to a size that is there already; a lowest chunk that stays the lowest.',
    file: 'packages/pagetable-core/src/free-frames.ts',
    changes: [
      ['chunk >= this.words.length', 'true'],
      ['chunk < this.lowest', 'chunk <= this.lowest'],
    ],
  },
  {
    why: 'The word that is held apart saves looks at the others: let go too early or too often it is found again as the lowest.',
    file: 'packages/pagetable-core/src/free-frames.ts',
    changes: [
      ['number < this.word', 'true'],
      ['number < this.word', 'number <= this.word'],
      ['first >>> 5 <= this.word', 'true'],
    ],
  },
  {
    why: 'The field is word 0 of the record.',
    file: 'packages/pagetable-core/src/frames.ts',
    changes: [
      ['((pfn & CHUNK_MASK) << SHIFT) + REF', '((pfn & CHUNK_MASK) << SHIFT) - REF'],
      ['((head & CHUNK_MASK) << SHIFT) + REF', '((head & CHUNK_MASK) << SHIFT) - REF'],
      ['at + REF', 'at - REF'],
    ],
  },
  {
    why: 'The field is word 0 of the record.',
    file: 'packages/pagetable-core/src/swap-area.ts',
    changes: [
      ['record + COUNT', 'record - COUNT'],
      ['((slot & CHUNK_MASK) << SHIFT) + COUNT', '((slot & CHUNK_MASK) << SHIFT) - COUNT'],
    ],
  },
  {
    why: 'The slower way to the same: a chunk asked for that is there or made soon, pages freed one by one or at once, a page as a folio of one.',
    file: 'packages/pagetable-core/src/frames.ts',
    changes: [
      ['pfn >>> CHUNK_SHIFT >= this.chunks.length', 'true'],
      ['flags >>> ORDER_SHIFT', 'true'],
      ['nr < SHORTEST_FILL', 'true'],
      ['nr < SHORTEST_FILL', 'false'],
      ['nr < SHORTEST_FILL', 'nr <= SHORTEST_FILL'],
      ['nr < SHORTEST_FILL', 'nr >= SHORTEST_FILL'],
      ['{ for (let pfn = first; pfn < first + nr; pfn++) this.clearSingle(pfn) return }', '{}'],
      ['pfn + 1', 'pfn - 1'],
      ['this.chunks.length << CHUNK_SHIFT < end', 'this.chunks.length << CHUNK_SHIFT <= end'],
    ],
  },
  {
    why: 'Never so: zero references were dealt with before; folios of order 0 have no template; a store beyond the end of an array is none.',
    file: 'packages/pagetable-core/src/frames.ts',
    changes: [
      ['left < 0', 'left <= 0'],
      ['i < nr', 'i <= nr'],
      ['[]', '["Stryker was here"]'],
    ],
  },
  {
    why: 'Of two equal numbers either is the smaller one.',
    file: 'packages/pagetable-core/src/leaf.ts',
    changes: [['next < end', 'next <= end']],
  },
  {
    why: 'An address space that was never seen would have no number, which finds nothing either; the list would have holes, which are slow.',
    file: 'packages/pagetable-core/src/tlb.ts',
    changes: [
      ['this.asidOf.length <= mm', 'false'],
      ['this.asidOf.length <= mm', 'this.asidOf.length < mm'],
    ],
  },
  {
    why: 'Asked to spare a walk: the walk behind it says the same of a page whose entry stands for nothing.',
    file: 'packages/pagetable-core/src/whole.ts',
    changes: [
      ['already !== 0', 'true'],
      ['table !== 0 && tables.isStandIn(table)', 'true'],
      ['table !== 0 && tables.isStandIn(table)', 'table !== 0 || tables.isStandIn(table)'],
      ['table !== 0', 'true'],
    ],
  },
  {
    why: 'An entry that stands for a GiB reads as stand-ins at both levels below it: either walk ends at one of them.',
    file: 'packages/pagetable-core/src/whole.ts',
    changes: [['pageShift === 12', 'true']],
  },
  {
    why: 'Asked to spare a look at the entries, which says the same of a table that is known to hold nothing but markers.',
    file: 'packages/pagetable-core/src/whole.ts',
    changes: [['tables.known(table) === KNOWN_MARKERS', 'false']],
  },
]

const POLICY_UFFD = [
  {
    why: 'Every file of the model is writable: no mapping lacks VM_MAYWRITE (docs/fidelity.md).',
    file: 'packages/policy-uffd/src/register.ts',
    changes: [
      ['-EPERM', '+EPERM'],
      ['(vma.flags & VM_MAYWRITE) === 0', 'false'],
    ],
  },
  {
    why: 'A mapping ends where a page of its size does; one with these flags is of this userfaultfd, since others were refused before.',
    file: 'packages/policy-uffd/src/register.ts',
    changes: [
      ['end <= vma.end', 'end < vma.end'],
      ['vma.uffd === context', 'true'],
    ],
  },
  {
    why: 'A mapping that nobody watches has no waiters, no bits and no flags to lose.',
    file: 'packages/policy-uffd/src/register.ts',
    changes: [['vma.uffd === null', 'false']],
  },
  {
    why: 'Said again by the next comparison: no length fits behind an address beyond user space.',
    file: 'packages/policy-uffd/src/ranges.ts',
    changes: [
      ['start >= TASK_SIZE', 'false'],
      ['start >= TASK_SIZE', 'start > TASK_SIZE'],
    ],
  },
  {
    why: 'About the room that the list takes, which nobody sees: when it begins at its first place again, and what is in places not in use.',
    file: 'packages/policy-uffd/src/waiters.ts',
    changes: [
      ['[]', '["Stryker was here"]'],
      ['this.first === this.end', 'false'],
      ['{ this.first = 0 this.end = 0 }', '{}'],
      ['this.first === MOST_UNUSED', 'true'],
      ['this.first === MOST_UNUSED', 'false'],
      ['this.first === MOST_UNUSED', 'this.first !== MOST_UNUSED'],
      ['i !== this.length - 1', 'true'],
      ['this.length - 1', 'this.length + 1'],
      ['{ this.places.copyWithin(0, this.first, this.end) this.end -= this.first this.fi', '{}'],
    ],
  },
  {
    why: 'Only hugetlb has pages of another size than 4 KiB, and every page begins at one of 4 KiB.',
    file: 'packages/policy-uffd/src/register.ts',
    changes: [["vma.backend === 'hugetlb'", 'true']],
  },
  {
    why: 'Never 0: what moved is a whole call or some pages of it, else an errno; a step is 1 or 512 pages, else an errno.',
    file: 'packages/policy-uffd/src/move.ts',
    changes: [
      ['moved > 0', 'moved >= 0'],
      ['moved < 0', 'moved <= 0'],
      ['step < 0', 'step <= 0'],
    ],
  },
  {
    why: 'With an errno in place of a length the range ends before the page at which it begins: nobody waits in it.',
    file: 'packages/policy-uffd/src/move.ts',
    changes: [['moved > 0', 'true']],
  },
]

const SWAP_ENTRY = [
  {
    why: 'The same number, by a shift where it fits into 31 bits and by a division or product where it does not: the shift is there to be fast.',
    file: 'packages/swap-entry/src/arch/x86-64.ts',
    changes: [
      ['(offset | 0) === offset', 'false'],
      ['above < 0x100', 'false'],
    ],
  },
  {
    why: 'The number of places of a shift is taken modulo 32.',
    file: 'packages/swap-entry/src/bits.ts',
    changes: [['bit - 32', 'bit + 32']],
  },
  {
    why: 'The number of places of a shift is taken modulo 32.',
    file: 'packages/swap-entry/src/layout.ts',
    changes: [['shift - 32', 'shift + 32']],
  },
  {
    why: 'The low word of a field that begins above it is 0 by the arithmetic too: a whole number modulo 1, or modulo a half, a quarter, …',
    file: 'packages/swap-entry/src/layout.ts',
    changes: [
      ['shift >= 32', 'false'],
      ['shift >= 32', 'shift > 32'],
    ],
  },
  {
    why: 'What goes beyond the low word is cut off again by `| 0`, which reduces modulo 2^32; the product is exact until then.',
    file: 'packages/swap-entry/src/layout.ts',
    changes: [['32 - shift', '32 + shift']],
  },
  {
    why: 'A field that ends with the low word takes the same either way: nothing is cut off below, and no bit of the high word is added.',
    file: 'packages/swap-entry/src/layout.ts',
    changes: [['bits <= width', 'bits < width']],
  },
  {
    why: 'A text in a list of bits adds nothing to either word: it is neither below 32 nor from 32 on.',
    file: 'packages/swap-entry/src/marker/by-layout.ts',
    changes: [['[]', '["Stryker was here"]']],
  },
  {
    why: 'No group of types begins at type 0: all groups together take 8 of the 32.',
    file: 'packages/swap-entry/src/swp-types.ts',
    changes: [['first < 0', 'first <= 0']],
  },
]

export const EXPLAINED = [...SWAP_ENTRY, ...PAGETABLE_CORE, ...POLICY_UFFD]

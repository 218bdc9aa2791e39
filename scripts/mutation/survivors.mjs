// Changes that no test can notice, and why: listed in docs/mutation.md. A survivor that is not here is a hole, or nobody has looked yet.
// Each change is what stood there and what was put in its place, as the run prints it.
export const EXPLAINED = [
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
]

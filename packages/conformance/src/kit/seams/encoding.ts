/**
 * Laws of marker encodings, for x86-64.
 * @module
 */
import { linux64 } from '@faultline/designs'
import {
  type MarkerEncoding,
  PTE_MARKER_GUARD,
  PTE_MARKER_NO_WP,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  SOFTLEAF_MARKER,
  SOFTLEAF_NONE,
  SOFTLEAF_SPECIAL_PTE,
} from '@faultline/mm-types'
import { Random } from '../../fuzz/random.ts'
import { type Case, hold } from '../case.ts'
import { holdNothingLeft, holdSame, interfaceCase } from '../model.ts'
import { LAST_SLOT, pteOracle } from '../oracle.ts'

const ALL_BITS = PTE_MARKER_UFFD_WP | PTE_MARKER_POISONED | PTE_MARKER_GUARD | PTE_MARKER_NO_WP
const NR_TYPES = 32
const SAMPLES = 4000

const show = (lo: number, hi: number): string => `0x${pteOracle.join(lo, hi).toString(16)}`

/** Sets of bits that an encoding can carry. */
const carried = ({ bits }: MarkerEncoding): number[] =>
  Array.from({ length: ALL_BITS }, (_, index) => index + 1).filter((set) => (set & ~bits) === 0)

/** Words of all kinds: edges, markers, and markers with a few bits changed. */
function* words(encoding: MarkerEncoding): Generator<readonly [lo: number, hi: number]> {
  const random = new Random(5)
  const edges = [0, -1, 1, 4, 0x60, 0x100, 0x200, -0x200, 0x0fffffff, -0x08000000]
  const word = () => (random.chance(30) ? random.pick(edges) : random.int(-0x80000000, 0x7fffffff))
  const markers = [...carried(encoding), PTE_MARKER_UFFD_WP].map((set) => [encoding.markerLo(set), encoding.markerHi(set)] as const)
  yield [0, 0]
  yield* markers
  for (let i = 0; i < SAMPLES; i++) {
    const [lo, hi] = random.pick(markers)
    yield random.chance(50) ? [word(), word()] : [lo ^ random.int(0, 0x1ff), hi]
  }
}

/** Entries that are in use: any swap type that the encoding leaves, any slot that can be handed out, any swap flags. */
function* entriesInUse(encoding: MarkerEncoding): Generator<readonly [lo: number, hi: number]> {
  const random = new Random(7)
  const types = NR_TYPES - encoding.swapTypesTaken
  for (let i = 0; i < SAMPLES; i++) {
    const near = BigInt(random.int(1, 4096))
    const slot = random.pick([near, LAST_SLOT + 1n - near, 1n << BigInt(random.int(0, 49)), near << 20n])
    yield pteOracle.words(pteOracle.entry(random.int(0, types - 1), slot > LAST_SLOT ? LAST_SLOT : slot) | (BigInt(random.int(0, 7)) << 1n))
  }
}

const hasWpTest = (e: MarkerEncoding, lo: number, hi: number): boolean =>
  (lo & e.wpTestLoMask) === e.wpTestLo && (hi & e.wpTestHiMask) === e.wpTestHi

/** What a marker encoding must do. The words are those of x86-64; a BigInt oracle of the kernel's macros is the judge. */
export function encodingCases(make: () => MarkerEncoding): readonly Case[] {
  const encoding = make()
  const { bits } = encoding
  const noWp = (bits & PTE_MARKER_UFFD_WP) === 0 ? 'it carries no write-protection' : undefined
  const design = { ...linux64, name: encoding.name, encoding }
  return [
    interfaceCase(make, 'encoding'),
    { name: 'signed-words', law: 'words are signed integers of 32 bits, as tables hold them', run: () => signedWords(encoding) },
    {
      name: 'round-trip',
      law: 'the sets of bits that it can carry come back, and of all others there is no marker',
      run: () => roundTrip(encoding),
    },
    { name: 'ready-marker', law: 'wpLo and wpHi are the plain write-protect marker', run: () => readyMarker(encoding) },
    { name: 'class', law: 'its class says whether it has markers, and whether they are swap entries', run: () => classOf(encoding) },
    { name: 'never-none-or-present', law: 'a marker is neither none nor present', run: () => neverNone(encoding) },
    { name: 'never-in-use', law: 'no entry in use is read as a marker, nor a none or present one', run: () => neverInUse(encoding) },
    { name: 'word-test', law: 'the test of words finds exactly the markers that carry PTE_MARKER_UFFD_WP', run: () => wordTest(encoding) },
    {
      name: 'unseen',
      law: 'where the bit lives makes no difference to a program: Linux 6.4 with this encoding does what Linux 6.4 does',
      notFor: noWp,
      run: () => holdSame(design, linux64, { features: linux64.uffd.features }),
    },
    { name: 'nothing-left', law: 'nothing is in use when all processes have ended', run: () => holdNothingLeft(design) },
  ]
}

function signedWords(e: MarkerEncoding): void {
  for (const set of [0, ...carried(e)]) {
    for (const word of [e.markerLo(set), e.markerHi(set), e.wpLo, e.wpHi, e.wpTestLoMask, e.wpTestLo, e.wpTestHiMask, e.wpTestHi])
      hold(word === (word | 0), `${word} is no signed integer of 32 bits (write \`${word} | 0\`)`)
  }
}

function roundTrip(e: MarkerEncoding): void {
  for (let set = 0; set <= 2 * ALL_BITS + 1; set++) {
    const [lo, hi] = [e.markerLo(set), e.markerHi(set)]
    if (set !== 0 && (set & ~e.bits) === 0) {
      hold(e.markerBits(lo, hi) === set, `the marker of bits ${set} is ${show(lo, hi)}, which reads as bits ${e.markerBits(lo, hi)}`)
    } else hold(lo === 0 && hi === 0, `bits ${set} cannot be carried, and their marker is ${show(lo, hi)} and not 0`)
  }
}

function readyMarker(e: MarkerEncoding): void {
  const [lo, hi] = [e.markerLo(PTE_MARKER_UFFD_WP), e.markerHi(PTE_MARKER_UFFD_WP)]
  hold(e.wpLo === lo && e.wpHi === hi, `wpLo, wpHi are ${show(e.wpLo, e.wpHi)}; the marker is ${show(lo, hi)}`)
}

function classOf({ bits, markerClass, swapTypesTaken }: MarkerEncoding): void {
  const right = bits === 0 ? SOFTLEAF_NONE : swapTypesTaken > 0 ? SOFTLEAF_MARKER : SOFTLEAF_SPECIAL_PTE
  hold(
    markerClass === right || (bits !== 0 && markerClass === SOFTLEAF_MARKER),
    `markerClass is ${markerClass}; with bits ${bits} and ${swapTypesTaken} swap types taken it is ${right}`,
  )
}

function neverNone(e: MarkerEncoding): void {
  for (const set of carried(e)) {
    const pte = pteOracle.join(e.markerLo(set), e.markerHi(set))
    hold(!pteOracle.none(pte), `the marker of bits ${set}, 0x${pte.toString(16)}, reads as none`)
    hold(!pteOracle.present(pte), `the marker of bits ${set}, 0x${pte.toString(16)}, reads as present`)
  }
}

function neverInUse(e: MarkerEncoding): void {
  for (const [lo, hi] of words(e)) {
    const pte = pteOracle.join(lo, hi)
    if (pteOracle.none(pte) || pteOracle.present(pte))
      hold(e.markerBits(lo, hi) === 0, `${show(lo, hi)} is none or present, and reads as a marker`)
  }
  for (const [lo, hi] of entriesInUse(e)) {
    const pte = pteOracle.join(lo, hi)
    const what = `slot ${pteOracle.offset(pte)} of swap type ${pteOracle.type(pte)}`
    hold(e.markerBits(lo, hi) === 0 && !hasWpTest(e, lo, hi), `${show(lo, hi)}, ${what}, reads as a marker`)
  }
}

function wordTest(e: MarkerEncoding): void {
  for (const [lo, hi] of words(e)) {
    const carries = (e.markerBits(lo, hi) & PTE_MARKER_UFFD_WP) !== 0
    hold(hasWpTest(e, lo, hi) === carries, `the test says ${!carries} of ${show(lo, hi)}, whose bits are ${e.markerBits(lo, hi)}`)
  }
}

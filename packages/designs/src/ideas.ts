/**
 * Presets that no kernel has: a negative control, and the oracle.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import { ideal } from '@faultline/policy-uffd'
import { noMarker } from '@faultline/swap-entry'
import { linux64, linux519 } from './history.ts'
import { zapDropped } from './zap.ts'

/** File memory may be protected, but the bit dies with the pte: what the argument of 2021 was about. */
export const noPersistence: Design = {
  ...linux519,
  name: 'no-persistence',
  title: 'uffd-wp for file memory without markers: bits die with the pte',
  reference: 'negative control; the state the RFC of 15 January 2021 set out to avoid',
  status: 'model only',
  encoding: noMarker,
  zap: zapDropped,
}

/** Sees every write and nothing else. */
export const oracle: Design = {
  ...linux64,
  name: 'ideal',
  title: 'the oracle: never loses, never spurious, costs nothing',
  reference: 'the upper bound of a comparison',
  status: 'model only',
  tracker: ideal,
}

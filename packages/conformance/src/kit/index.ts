/**
 * What a correct implementation of each seam must do, as suites of cases for the author's own test runner.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * suiteFor.arming({ test, policy: myPolicy, skip: { 'first-writes': 'it arms one half, which is the point of it' } })
 * ```
 * @module
 */
import type {
  AnonBackend,
  ArmingPolicy,
  CollapsePolicy,
  FileBackend,
  HugeWpPolicy,
  MarkerEncoding,
  PmdSharingPolicy,
  TlbPolicy,
  TrackerPolicy,
  ZapPersistence,
} from '@faultline/mm-types'
import { type Case, makerOf, register, type SuiteOptions } from './case.ts'
import { armingCases } from './seams/arming.ts'
import { backendCases } from './seams/backend.ts'
import { collapseCases } from './seams/collapse.ts'
import { encodingCases } from './seams/encoding.ts'
import { hugeWpCases } from './seams/huge-wp.ts'
import { pmdSharingCases } from './seams/pmd-sharing.ts'
import { tlbCases } from './seams/tlb.ts'
import { trackerCases } from './seams/tracker.ts'
import { zapCases } from './seams/zap.ts'

export { bytesPerCall, canObserveHeap, holdAllocatesNothing } from './allocation.ts'
export { type Case, LawBroken, type SuiteOptions, type TestFunction } from './case.ts'
export { LAST_SLOT, pteOracle } from './oracle.ts'

/** The policies of each seam. */
export interface SeamPolicies {
  readonly encoding: MarkerEncoding
  readonly arming: ArmingPolicy
  readonly collapse: CollapsePolicy
  readonly zap: ZapPersistence
  readonly hugeWp: HugeWpPolicy
  readonly pmdSharing: PmdSharingPolicy
  readonly tracker: TrackerPolicy
  readonly tlb: TlbPolicy
  readonly backend: AnonBackend | FileBackend
}

/** What a policy of a seam is called. */
export type Seam = keyof SeamPolicies

/** The cases of each seam for one implementation, to be run by hand; `make` is called anew for each that wants a fresh one. */
export const casesFor: { readonly [S in Seam]: (make: () => SeamPolicies[S]) => readonly Case[] } = {
  encoding: encodingCases,
  arming: armingCases,
  collapse: collapseCases,
  zap: zapCases,
  hugeWp: hugeWpCases,
  pmdSharing: pmdSharingCases,
  tracker: trackerCases,
  tlb: tlbCases,
  backend: backendCases,
}

const suite =
  <S extends Seam>(seam: S) =>
  ({ policy, ...how }: SuiteOptions<SeamPolicies[S]>): void =>
    register(seam, casesFor[seam](makerOf(policy)), how)

/** Hands the cases of a seam to the author's runner: one test each, skipped ones with their reason. */
export const suiteFor: { readonly [S in Seam]: (options: SuiteOptions<SeamPolicies[S]>) => void } = {
  encoding: suite('encoding'),
  arming: suite('arming'),
  collapse: suite('collapse'),
  zap: suite('zap'),
  hugeWp: suite('hugeWp'),
  pmdSharing: suite('pmdSharing'),
  tracker: suite('tracker'),
  tlb: suite('tlb'),
  backend: suite('backend'),
}

/**
 * All presets, in the order tables print them: what is compared by default, and ideas that are asked for by name.
 * @module
 */
import type { Design } from '@faultline/mm-types'
import {
  hughSwpType,
  linux57,
  linux61,
  linux64,
  linux67,
  linux519,
  linux612,
  linux618,
  linux618SoftDirty,
  rfc202101,
  wpZeropageV1,
} from './history.ts'
import { noPersistence, oracle, pmdMarker, pudMarker } from './ideas.ts'
import { hugeZeroPageArming, twoMarkersArming, zeropageForbidden } from './ideas-arming.ts'
import { sharedTables, sharedTablesUntilProtected, unsharedTables, zapsDrop, zapsKeepOverTruncate } from './ideas-files.ts'
import { blindCollapse, hugeSplitWhenArmed, hugeWholePage, neverCollapse, oldRetraction, perVmaCollapse } from './ideas-huge.ts'
import { linux618Sync, mprotectSigsegv, softDirty } from './ideas-trackers.ts'

/** What `compare` and the lists of tables show by default. */
export const designs: readonly Design[] = [
  linux57,
  noPersistence,
  rfc202101,
  hughSwpType,
  linux519,
  linux61,
  wpZeropageV1,
  linux64,
  linux67,
  linux612,
  linux618,
  linux618SoftDirty,
  softDirty,
  mprotectSigsegv,
  pmdMarker,
  pudMarker,
  oracle,
]

/** Negative controls and variants, taken by name and by experiments. */
export const ideas: readonly Design[] = [
  hugeZeroPageArming,
  twoMarkersArming,
  zeropageForbidden,
  neverCollapse,
  perVmaCollapse,
  oldRetraction,
  blindCollapse,
  hugeSplitWhenArmed,
  hugeWholePage,
  zapsDrop,
  zapsKeepOverTruncate,
  sharedTables,
  sharedTablesUntilProtected,
  unsharedTables,
  linux618Sync,
]

/** Every preset once. */
export const allDesigns: readonly Design[] = [...designs, ...ideas]

/** The preset of a name, or undefined. */
export function findDesign(name: string): Design | undefined {
  return allDesigns.find((design) => design.name === name)
}

/**
 * All presets, in the order tables print them.
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
import { noPersistence, oracle } from './ideas.ts'

/** Every preset once. */
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
  oracle,
]

/** The preset of a name, or undefined. */
export function findDesign(name: string): Design | undefined {
  return designs.find((design) => design.name === name)
}

/**
 * Which designs `faultline verify` is about: ours by name, and those of a third party.
 * @module
 */
import { allDesigns } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { UsageError } from '../errors.ts'
import { oneOf } from '../names.ts'
import type { Stranger } from '../strangers/load.ts'

/** What the command line says of designs. */
export interface Named {
  /** The one to verify, if it is named. */
  readonly design: string | undefined
  /** The one to compare it with, if it is a design. */
  readonly against: string | undefined
  /** The one to verify when none is named and no third party brings one. */
  readonly usual: string
}

/** The one to verify, and the one to compare it with if that is a design. */
export interface Verified {
  readonly design: Design
  readonly against: Design | undefined
}

/** Finds the designs named among ours and the strangers'; a stranger that is alone is the one to verify. @throws UsageError */
export function verifiedDesigns({ design, against, usual }: Named, strangers: readonly Stranger[]): Verified {
  const theirs = strangers.map((stranger) => stranger.design)
  const known = [...allDesigns, ...theirs]
  const names = known.map(({ name }) => name)
  const find = (name: string): Design => known.find((each) => each.name === oneOf('design', name, names))!
  const other = against === undefined ? undefined : find(against)
  const left = theirs.filter((each) => each !== other)
  if (design === undefined && left.length > 1) {
    throw new UsageError(`--with: there are ${left.length} designs to verify, ${list(left)}; name one of them by --design`)
  }
  const verified = find(design ?? left[0]?.name ?? usual)
  const idle = theirs.length > 0 && !theirs.includes(verified) && (other === undefined || !theirs.includes(other))
  if (idle) throw new UsageError(`--with: neither --design nor --against names a design of theirs; there is ${list(theirs)}`)
  return { design: verified, against: other }
}

const list = (designs: readonly Design[]): string => designs.map(({ name }) => name).join(', ')

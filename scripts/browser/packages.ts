/**
 * The entries of packages that the browser's program calls by name; through them it runs the code of all.
 * @module
 */
import type * as kit from '../../packages/conformance/src/kit/index.ts'
import type * as designs from '../../packages/designs/src/index.ts'
import type * as experiments from '../../packages/experiments/src/index.ts'
import type * as program from '../../packages/program/src/index.ts'
import type * as race from '../../packages/race/src/index.ts'
import type * as workloads from '../../packages/workloads/src/index.ts'

/** Each by a short name. */
export interface Packages {
  readonly designs: typeof designs
  readonly experiments: typeof experiments
  readonly kit: typeof kit
  readonly program: typeof program
  readonly race: typeof race
  readonly workloads: typeof workloads
}

/** Which entry has which short name. */
export const ENTRIES: Readonly<Record<keyof Packages, string>> = {
  designs: 'designs',
  experiments: 'experiments',
  kit: 'conformance/kit',
  program: 'program',
  race: 'race',
  workloads: 'workloads',
}

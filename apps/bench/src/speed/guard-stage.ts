/**
 * The scenes of `faultline speed` in one process, each timed piece next to runs of the reference loop.
 * @module
 */
import { createModel, designs } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { SyncSession } from '@faultline/program'
import { warm } from './model-side.ts'
import { ReferenceLoop } from './reference-loop.ts'
import { SCENES } from './scenes.ts'
import { Stage } from './stage.ts'
import { median } from './statistics.ts'

/** How much is measured. */
export interface GuardOrder {
  readonly design: string
  readonly pages: number
  /** Counted, since what a busy machine leaves of some seconds is too little for the compiler to have seen it all. */
  readonly warmRounds: number
  /** Of each part. */
  readonly rounds: number
}

/** How many times as long as a step of the reference loop a unit of each operation takes. */
export type Ratios = Readonly<Record<string, number>>

/** Left out: `sparse` and `sync`, of which one process in three took two to ten times as long as the others at the same commit. */
const GUARDED = ['touched', 'random', 'markers', 'swap', 'thp', 'hugetlb'] as const

/** Less than a microsecond for all pages, where the clock is not that fine; and what takes 1.6 times as long in every second process. */
const UNSTEADY = ['wp-again', 'wp-off']

/** The measurement is cut into so many parts: in each the least counts, of the parts the middle one. */
const PARTS = 7

/** Times in ns, by the wall clock: the least of many short pieces is one that nobody interrupted. */
function timed(work: () => void): number {
  const began = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - began)
}

/** A stage that runs the reference loop before each piece that it times. */
class GuardStage extends Stage {
  readonly least: Record<string, number> = {}
  reference = Number.POSITIVE_INFINITY
  private readonly loop: ReferenceLoop

  constructor(session: SyncSession, design: Design, pages: number, loop: ReferenceLoop) {
    super(session, design, pages)
    this.loop = loop
  }

  override time(operation: string, units: number, work: () => void): void {
    const reference = timed(() => void this.loop.run()) / this.loop.steps
    if (reference < this.reference) this.reference = reference
    const took = timed(work) / units
    if (took < (this.least[operation] ?? Number.POSITIVE_INFINITY)) this.least[operation] = took
  }

  round(): void {
    for (const scene of GUARDED) SCENES[scene](this)
  }
}

/** Measures every operation but the replays. */
export function measureRatios({ design: name, pages, warmRounds, rounds }: GuardOrder): Ratios {
  const design = designs.find((each) => each.name === name)!
  const loop = new ReferenceLoop()
  for (const other of designs) if (other !== design) warm(new Stage(createModel(other).open(), other, 512))
  const session = createModel(design).open()
  const part = (count: number): Ratios => {
    const stage = new GuardStage(session, design, pages, loop)
    for (let i = 0; i < count; i++) stage.round()
    const kept = Object.entries(stage.least).filter(([operation]) => !UNSTEADY.includes(operation))
    return Object.fromEntries(kept.map(([operation, ns]) => [operation, ns / stage.reference]))
  }
  part(warmRounds)
  const parts = Array.from({ length: PARTS }, () => part(rounds))
  return Object.fromEntries(Object.keys(parts[0]).map((operation) => [operation, median(parts.map((each) => each[operation]))]))
}

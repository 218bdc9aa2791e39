/**
 * Lets the sides take turns, and puts their figures together.
 * @module
 */
import type { SpeedOperation } from './operations.ts'
import type { Side, SideName } from './side.ts'
import type { Times } from './stage.ts'
import { quotients, type Spread, spreadOf } from './statistics.ts'

/** One operation, all sides. */
export interface SpeedRow {
  readonly operation: SpeedOperation
  /** Nanoseconds a unit. */
  readonly ns: Readonly<Partial<Record<SideName, Spread>>>
  /** How many times as long as the model the kernel takes. */
  readonly kernelToModel?: Spread
  /** How many times as long as the C reference the model takes. */
  readonly modelToReference?: Spread
  /** How many times as long as alone the model takes among all designs. */
  readonly allToOne?: Spread
}

/** Rounds of each side, in order. */
export type Rounds = Readonly<Partial<Record<SideName, readonly Times[]>>>

/** Rounds that nobody counts: caches fill, and memory is there the first time. */
const WARM_ROUNDS = 1

/** Runs `repeat` rounds of every side, one side after the other in each, so that noise hits all alike. */
export async function takeTurns(sides: readonly Side[], repeat: number, step: (label: string) => void): Promise<Rounds> {
  const rounds: Partial<Record<SideName, Times[]>> = Object.fromEntries(sides.map(({ name }) => [name, []]))
  for (let i = -WARM_ROUNDS; i < repeat; i++) {
    step(i < 0 ? 'warming up' : `repetition ${i + 1} of ${repeat}`)
    for (const side of sides) {
      const times = await side.round()
      if (i >= 0) rounds[side.name]!.push(times)
    }
  }
  return rounds
}

/** One row an operation. */
export function rowsOf(operations: readonly SpeedOperation[], rounds: Rounds): SpeedRow[] {
  return operations.map((operation) => {
    const of = (side: SideName) => (rounds[side] ?? []).flatMap((times) => times[operation.name] ?? [])
    const ns = Object.fromEntries(Object.keys(rounds).map((side) => [side, spreadOf(of(side as SideName))]))
    return {
      operation,
      ns,
      kernelToModel: quotients(of('kernel'), of('model')),
      modelToReference: quotients(of('model'), of('reference')),
      allToOne: quotients(of('model'), of('one')),
    }
  })
}

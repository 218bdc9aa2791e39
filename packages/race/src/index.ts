/**
 * Races between CPUs over one page: every interleaving of the modelled steps, and the shortest that loses a store.
 * @module
 */
export { ACTIONS, type Actions } from './actions.ts'
export { designOf, type Exploration, explore, startRace } from './explore.ts'
export type { Race, RaceCpu } from './race.ts'
export { findRace, races } from './races.ts'
export { RaceRun, type RaceStep } from './run.ts'
export type { Guard, Steps } from './steps.ts'
export { type RaceWorld, UnsupportedRaceError } from './world.ts'

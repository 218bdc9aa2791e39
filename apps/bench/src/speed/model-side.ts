/**
 * The model's side of `faultline speed`, in a process of its own: loads designs, warms them, answers rounds.
 * @module
 */
import { createInterface } from 'node:readline'
import { createModel, designs, findDesign } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { ExpressionError, type Memory } from '@faultline/program'
import { SPEED_OPERATIONS, scenesOf } from './operations.ts'
import { replayScene } from './replay.ts'
import { SCENES } from './scenes.ts'
import { Stage, type Times } from './stage.ts'

/** What the process is told on its command line, as JSON. */
export interface ModelOrder {
  readonly design: string
  /** Load all designs, or only the one that is measured. */
  readonly designs: 'all' | 'one'
  readonly pages: number
  readonly operations: readonly string[]
}

const WARM_PAGES = 2048
/** Of full size: what is called once a round is compiled late, the later the busier the machine. */
const WARM_ROUNDS = 10
const WARM_MEMORY: readonly Memory[] = ['anon', 'shmem', 'shmem-private', 'hugetlb', 'hugetlb-private']

/** Serves rounds until its input ends. */
export async function serveModel(order: ModelOrder, write: (line: string) => void): Promise<void> {
  const machine = await loadModel(order)
  for (let round = 0; round < WARM_ROUNDS; round++) await machine.round()
  write(JSON.stringify({}))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '') continue
    write(JSON.stringify(await machine.round()))
  }
}

/** A measured design, ready to run rounds; others stay loaded beside it. */
export interface LoadedModel {
  /** Sessions that are open. */
  readonly loaded: number
  round(): Promise<Times>
}

/** Opens designs, and runs every scene on each, on all kinds of memory, so that the code is as generic as it will ever be. */
export async function loadModel({ design: name, designs: which, pages, operations }: ModelOrder): Promise<LoadedModel> {
  const design = findDesign(name)!
  const scenes = scenesOf(SPEED_OPERATIONS.filter((operation) => operations.includes(operation.name)))
  const others = which === 'all' ? designs.filter((other) => other !== design) : []
  const loaded = [...others, design].map((each) => new Stage(createModel(each).open(), each, Math.min(WARM_PAGES, pages)))
  for (const stage of loaded) warm(stage)
  if (scenes.includes('replay')) for (const other of others) await replayScene(other, [])
  const stage = new Stage(createModel(design).open(), design, pages)
  return { loaded: loaded.length + 1, round: () => playRound(stage, design, scenes) }
}

async function playRound(stage: Stage, design: Design, scenes: readonly (keyof typeof SCENES | 'replay')[]): Promise<Times> {
  stage.times = {}
  for (const scene of scenes) if (scene !== 'replay') SCENES[scene](stage)
  return scenes.includes('replay') ? { ...stage.times, ...(await replayScene(design)) } : stage.times
}

/** Runs every scene on all kinds of memory. */
export function warm(stage: Stage): void {
  for (const memory of WARM_MEMORY) {
    stage.memory = memory
    for (const play of Object.values(SCENES)) {
      try {
        play(stage)
      } catch (error) {
        // What a design cannot express it will not run in experiments either.
        if (!(error instanceof ExpressionError)) throw error
      }
    }
  }
}

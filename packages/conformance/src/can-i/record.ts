/**
 * Keeps what a system did when it was asked, so that the same questions can be answered without it.
 * @module
 */
import type { RecordedProgram, RecordedStep, System } from '@faultline/program'
import { type Asker, ask, programName, type Way, waysOf } from './ask.ts'
import { GROUNDS, type Ground } from './grounds.ts'
import { QUESTIONS, type Question } from './questions.ts'

/** Asks every question about every kind of pages; one program for each way that was tried. */
export async function recordAnswers(system: System, asker: Asker): Promise<RecordedProgram[]> {
  const programs: RecordedProgram[] = []
  for (const question of QUESTIONS) {
    for (const ground of GROUNDS) programs.push(...(await recordOne(system, question, ground, asker)))
  }
  return programs
}

async function recordOne(system: System, question: Question, ground: Ground, asker: Asker): Promise<RecordedProgram[]> {
  const runs: RecordedStep[][] = []
  const { way, refusals, unknown } = await ask(listening(system, runs), question, ground, asker)
  const tried: Way[] = [...refusals.map((refusal) => refusal.way), ...(way === undefined ? [] : [way])]
  // What could not be performed was tried last.
  if (unknown !== undefined) tried.push(waysOf(question)[tried.length]!)
  return runs.map((steps, i) => {
    const ended = unknown !== undefined && i === runs.length - 1 ? { ended: unknown } : {}
    return { program: programName(question, ground, tried[i]!), steps, ...ended }
  })
}

/** The system itself, with a list of what it did for each session. */
function listening(system: System, runs: RecordedStep[][]): System {
  return {
    name: system.name,
    kind: system.kind,
    async open() {
      const steps: RecordedStep[] = []
      runs.push(steps)
      const session = await system.open()
      return {
        async perform(operation) {
          const outcome = await session.perform(operation)
          steps.push({ operation, outcome })
          return outcome
        },
        close: () => session.close(),
      }
    },
  }
}

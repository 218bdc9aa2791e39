/**
 * Runs one workload through several designs and puts the results side by side.
 * @module
 */
import { createModel, oracle } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import type { Pgtrace, UnsupportedResult, Workload, WorkloadResult } from '@faultline/workloads'
import { breathe, type Progress } from './progress.ts'
import type { Comparison, Row, ServedRow, UnsupportedRow } from './report/schema.ts'
import { explain } from './report/why.ts'
import { blamed } from './strangers/blame.ts'
import type { Stranger } from './strangers/load.ts'

/** What is to be compared. */
export interface Comparing {
  readonly workload: Workload
  readonly designs: readonly Design[]
  readonly memory: Memory
  readonly trace: Pgtrace
  /** As the person named it. */
  readonly traceName: string
  /** Every option of the workload. */
  readonly options: Readonly<Record<string, number>>
  /** Whose designs are among them, besides ours. */
  readonly strangers?: readonly Stranger[]
}

type Result = WorkloadResult | UnsupportedResult

/** Runs all designs and the oracle, each on a machine of its own, one step of `progress` each. */
export async function compareDesigns(comparing: Comparing, progress: Progress): Promise<Comparison> {
  const { workload, designs, memory, traceName, options } = comparing
  const ideal = await run(comparing, oracle, progress)
  if ('unsupported' in ideal) throw new Error(`the oracle cannot run ${workload.name}: ${ideal.unsupported}`)
  const rows: Row[] = []
  for (const design of designs) {
    const result = design === oracle ? ideal : await run(comparing, design, progress)
    rows.push(rowOf(design, memory, result, ideal))
  }
  return {
    format: 'faultline-compare 1',
    workload: workload.name,
    memory,
    trace: traceName,
    options: { ...options },
    rows,
    ideal: servedRow(oracle, memory, ideal, ideal),
  }
}

/** The steps of progress that `compareDesigns` takes. */
export function nrSteps(designs: readonly Design[]): number {
  return designs.filter((design) => design !== oracle).length + 1
}

async function run(comparing: Comparing, design: Design, progress: Progress): Promise<Result> {
  const { workload, memory, trace, options, strangers } = comparing
  progress.step(`${design.name} on ${memory}`)
  await breathe()
  const session = createModel(design).open()
  try {
    return workload.run(session, design, trace, { ...options, memory }, (fraction) => progress.within(fraction))
  } catch (error) {
    const theirs = strangers?.find((stranger) => stranger.design === design)
    throw theirs === undefined ? error : blamed(error, theirs)
  } finally {
    session.close()
  }
}

function rowOf(design: Design, memory: Memory, result: Result, ideal: WorkloadResult): Row {
  return 'unsupported' in result ? unsupportedRow(design, result.unsupported) : servedRow(design, memory, result, ideal)
}

function servedRow(design: Design, memory: Memory, result: WorkloadResult, ideal: WorkloadResult): ServedRow {
  return {
    design: design.name,
    known: design.status,
    status: 'ok',
    reason: null,
    lost: result.lost,
    spurious: result.spurious,
    discarded: result.discarded,
    corrupted: result.corrupted,
    stuck: result.stuck,
    epochs: result.epochs,
    pagesWritten: result.pagesWritten,
    pagesReported: result.reported,
    lostByCause: { ...result.lostByCause },
    lostPages: result.lostPages.map(({ vpn, epoch, history }) => ({ page: vpn, epoch, cause: history })),
    faults: { ...result.faults },
    messages: result.messages,
    signals: result.signals,
    peakVmas: result.peakVmas,
    pageTableBytes: result.pageTableBytes,
    tlbFlushes: result.tlbFlushes,
    steps: result.steps,
    counters: { ...result.counters },
    why: explain(design, memory, result, ideal),
  }
}

function unsupportedRow(design: Design, reason: string): UnsupportedRow {
  return {
    design: design.name,
    known: design.status,
    status: 'unsupported',
    reason,
    lost: null,
    spurious: null,
    discarded: null,
    corrupted: null,
    stuck: null,
    epochs: null,
    pagesWritten: null,
    pagesReported: null,
    lostByCause: null,
    lostPages: null,
    faults: null,
    messages: null,
    signals: null,
    peakVmas: null,
    pageTableBytes: null,
    tlbFlushes: null,
    steps: null,
    counters: null,
    // Printed after the name, so it must not begin with it once more.
    why: `${reason.startsWith(`${design.name} `) ? reason.slice(design.name.length + 1) : reason}.`,
  }
}

/**
 * Runs a workload through one design, on a machine of its own.
 * @module
 */
import { createModel } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import {
  findWorkload,
  type Pgtrace,
  type Progress,
  type UnsupportedResult,
  type WorkloadOptions,
  type WorkloadResult,
} from '@faultline/workloads'

const quiet: Progress = () => {}

/** @throws RangeError when no workload has that name, or an option does not exist */
export function runWorkload(
  workload: string,
  design: Design,
  trace: Pgtrace,
  options: WorkloadOptions,
  progress: Progress = quiet,
): WorkloadResult | UnsupportedResult {
  const found = findWorkload(workload)
  if (found === undefined) throw new RangeError(`there is no workload "${workload}"`)
  const session = createModel(design).open()
  try {
    return found.run(session, design, trace, options, progress)
  } finally {
    session.close()
  }
}

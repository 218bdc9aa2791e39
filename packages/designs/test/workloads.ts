/** What the tests of workloads share: a bundled trace, and a run of a design by its name. */
import { bundledTraceUrl, findWorkload, type Pgtrace, type WorkloadOptions, type WorkloadResult } from '@faultline/workloads'
import { loadTraceFile } from '@faultline/workloads/load-file'
import { createModel, findDesign } from '../src/index.ts'

/** Runs a workload on the design of that name. @throws Error where it cannot be served */
export function runOn(workloadName: string, designName: string, trace: Pgtrace, options: WorkloadOptions = {}): WorkloadResult {
  const workload = findWorkload(workloadName)
  const design = findDesign(designName)
  if (workload === undefined || design === undefined) throw new Error(`no workload ${workloadName} or no design ${designName}`)
  const session = createModel(design).open()
  const result = workload.run(session, design, trace, options)
  session.close()
  if ('unsupported' in result) throw new Error(result.unsupported)
  return result
}

/** A bundled trace of pages read and written. */
export async function loadPgtrace(name: string): Promise<Pgtrace> {
  const trace = await loadTraceFile(bundledTraceUrl(name))
  if (trace.format !== 'pgtrace') throw new Error(trace.format)
  return trace
}

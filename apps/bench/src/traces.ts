import { existsSync } from 'node:fs'
import { bundledTraces, bundledTraceUrl, findBundledTrace, type Pgtrace, type Trace } from '@faultline/workloads'
import { loadTraceFile } from '@faultline/workloads/load-file'
import { UsageError } from './errors.ts'
import { quote, suggestion } from './names.ts'

/**
 * Reads the trace a person named: a bundled one, else a file (`./redis-server` for a file that is called like a bundled one).
 *
 * @throws TraceError in one line for a file that is no trace; UsageError with the nearest name when there is neither.
 */
export async function loadTrace(name: string): Promise<Trace> {
  const bundled = findBundledTrace(name)
  if (bundled !== undefined) return loadTraceFile(bundledTraceUrl(bundled.name))
  if (!existsSync(name)) throw noTrace(name)
  return loadTraceFile(name)
}

/** As `loadTrace`, for workloads, which run on one kind only. @throws UsageError for the others */
export async function loadPgtrace(name: string): Promise<Pgtrace> {
  const trace = await loadTrace(name)
  if (trace.format === 'pgtrace') return trace
  const names = bundledTraces.filter((known) => known.format === 'pgtrace').map((known) => known.name)
  throw new UsageError(`${quote(name)} is a trace of format ${trace.format}; a workload needs a pgtrace, such as ${names.join(', ')}`)
}

function noTrace(name: string): UsageError {
  const names = bundledTraces.map((trace) => trace.name)
  return new UsageError(`there is no file and no bundled trace ${quote(name)}; ${suggestion(name, names)}`)
}

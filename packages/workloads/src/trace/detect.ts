import { gunzip, isGzip } from './gunzip.ts'
import { type Pgfault, parsePgfault } from './pgfault.ts'
import type { Pgtrace } from './pgtrace.ts'
import { looksLikePgtraceBinary, parsePgtraceBinary } from './pgtrace-binary.ts'
import { parsePgtraceText } from './pgtrace-text.ts'
import { quoteInput, TraceError } from './trace-error.ts'
import { parseUffdtrace, type Uffdtrace } from './uffdtrace.ts'
import { parseWpsample, type Wpsample } from './wpsample.ts'

/** Any decoded trace; `format` says which. */
export type Trace = Pgtrace | Uffdtrace | Wpsample | Pgfault

/** What a first line can be, and who reads the rest. */
const TEXT_READERS: readonly (readonly [string, (bytes: Uint8Array, source: string) => Trace])[] = [
  ['#pgtrace', parsePgtraceText],
  ['#uffdtrace', parseUffdtrace],
  ['#wpsample', parseWpsample],
  ['#pgfault', parsePgfault],
]

const KNOWN = 'a gzip file, the bytes "PGT1", or a first line "#pgtrace 1", "#uffdtrace 1", "#wpsample 1" or "#pgfault 1"'

/**
 * Reads a trace of any known format, gzip or not, told by its content and never by its name.
 *
 * @param source - name used in errors, normally the path.
 * @throws TraceError (as a rejection) and nothing else, whatever the bytes are.
 */
export async function readTrace(bytes: Uint8Array, source: string): Promise<Trace> {
  return parseTrace(isGzip(bytes) ? await gunzip(bytes, source) : bytes, source)
}

/**
 * As `readTrace`, at once, for bytes that are already unzipped.
 *
 * @throws TraceError and nothing else, whatever the bytes are.
 */
export function parseTrace(bytes: Uint8Array, source: string): Trace {
  if (bytes.length === 0) throw new TraceError(source, {}, 'the file is empty', KNOWN)
  if (looksLikePgtraceBinary(bytes)) return parsePgtraceBinary(bytes, source)
  const start = new TextDecoder().decode(bytes.subarray(0, 64))
  for (const [prefix, parse] of TEXT_READERS) {
    const after = start[prefix.length]
    if (start.startsWith(prefix) && (after === ' ' || after === '\n' || after === undefined)) return parse(bytes, source)
  }
  const problem = `this is no trace: it starts with ${quoteInput(start, 16)}`
  throw new TraceError(source, { offset: 0 }, problem, KNOWN)
}

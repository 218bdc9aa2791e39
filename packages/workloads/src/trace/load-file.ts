/**
 * Reads a trace from a file; the one part of this package that needs Node.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parseTrace, type Trace } from './detect.ts'
import { gzipError, isGzip, LIMIT_BYTES } from './gunzip.ts'
import { TraceError } from './trace-error.ts'

/**
 * Reads a trace from a file; the only place in this package that needs Node.
 *
 * @param path - a path, or a `file:` URL such as `bundledTraceUrl` gives.
 * @throws TraceError when the file cannot be read or is no trace.
 */
export async function loadTraceFile(path: string | URL): Promise<Trace> {
  const name = path instanceof URL ? fileURLToPath(path) : path
  const bytes = await readBytes(name)
  return parseTrace(isGzip(bytes) ? unzip(bytes, name) : bytes, name)
}

/** Twice as fast as the DecompressionStream that `readTrace` uses. */
function unzip(bytes: Uint8Array, name: string): Uint8Array {
  try {
    // In larger pieces than the 16 KiB of the default, which take a quarter longer.
    return gunzipSync(bytes, { maxOutputLength: LIMIT_BYTES, chunkSize: 2 ** 17 })
  } catch (error) {
    throw gzipError(name, error)
  }
}

async function readBytes(name: string): Promise<Uint8Array> {
  try {
    return await readFile(name)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const problem = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`
    throw new TraceError(name, {}, problem, 'the path of a trace')
  }
}

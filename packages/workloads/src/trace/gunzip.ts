import { TraceError } from './trace-error.ts'

/** Refusing more than this many unzipped bytes keeps a hostile or broken file from filling memory. */
export const LIMIT_BYTES = 2 ** 30

/** True when the bytes start as gzip data do. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * Unzips gzip data with the platform's own DecompressionStream (browsers and Node).
 *
 * @throws TraceError when the data are cut short, damaged, or unzip to more than 1 GiB.
 */
export async function gunzip(bytes: Uint8Array, source: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    const unzipped = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'))
    for await (const chunk of unzipped as unknown as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > LIMIT_BYTES) break
    }
  } catch (error) {
    throw gzipError(source, error)
  }
  if (length > LIMIT_BYTES) throw gzipError(source, new Error('it unzips to more than 1 GiB'))
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** The TraceError for whatever an unzipper complained of. */
export function gzipError(source: string, error: unknown): TraceError {
  const cause = error instanceof Error ? ` (${error.message})` : ''
  return new TraceError(source, {}, `the gzip data are cut short or damaged${cause}`, 'a whole gzip file of less than 1 GiB')
}

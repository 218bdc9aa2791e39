import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { bench, describe } from 'vitest'
import { bundledTraceUrl } from '../src/trace/bundled.ts'
import { loadTraceFile } from '../src/trace/load-file.ts'
import { parsePgtraceBinary } from '../src/trace/pgtrace-binary.ts'
import { parsePgtraceText } from '../src/trace/pgtrace-text.ts'
import { parseUffdtrace } from '../src/trace/uffdtrace.ts'

const unzipped = (name: string) => gunzipSync(readFileSync(bundledTraceUrl(name)))

// 48 044 lines, 49 211 page accesses: multiply the rate by that for accesses a second.
describe('one recording in two encodings', () => {
  const binary = unzipped('redis-bgsave-child')
  const text = unzipped('redis-bgsave-child-text')
  bench('binary', () => void parsePgtraceBinary(binary, 'binary'))
  bench('text', () => void parsePgtraceText(text, 'text'))
})

describe('large traces', () => {
  const sqlite = unzipped('sqlite')
  const umapsort = unzipped('uffd/umapsort-shmem-2t')
  bench('sqlite, binary, 670 725 accesses', () => void parsePgtraceBinary(sqlite, 'sqlite'))
  bench('sqlite with reading and unzipping', async () => {
    await loadTraceFile(bundledTraceUrl('sqlite'))
  })
  bench('umapsort-shmem-2t, 138 583 records', () => void parseUffdtrace(umapsort, 'umapsort'))
})

// What an Int32Array of page numbers is worth over a Float64Array, in the loop every replay has.
describe('a pass over the columns', () => {
  const trace = parsePgtraceBinary(unzipped('sqlite'), 'sqlite')
  const narrow = trace.pages
  const wide = Float64Array.from(narrow)
  bench('Int32Array', () => void sum(narrow))
  bench('Float64Array', () => void sumWide(wide))
})

function sum(pages: ArrayLike<number>): number {
  let total = 0
  for (let i = 0, n = pages.length; i < n; i++) total = (total + (pages[i] & 1023)) | 0
  return total
}

/** A copy, so that each sees one type of array. */
function sumWide(pages: ArrayLike<number>): number {
  let total = 0
  for (let i = 0, n = pages.length; i < n; i++) total = (total + (pages[i] & 1023)) | 0
  return total
}

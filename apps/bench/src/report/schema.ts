/**
 * What `compare --json` prints, as a schema; `schema/compare.schema.json` is generated from it (`npm run schema`).
 * @module
 */
import { MEMORY_TYPES } from '@faultline/program'
import { z } from 'zod'

const count = z.int().min(0)
const counts = z.record(z.string(), count)

const figures = {
  lost: count.describe('Writes since arming that the tracker should have reported and did not, in pages.'),
  spurious: count.describe('Pages reported although nothing wrote them.'),
  discarded: count.describe('Armed pages whose content the application itself threw away; userland is told by events, so none is lost.'),
  corrupted: count.describe('Pages whose content was wrong when it was read.'),
  stuck: count.describe('Accesses that never succeeded.'),
  epochs: count.describe('Rounds of arming and collecting.'),
  pagesWritten: count.describe('Pages written while armed, once an epoch: the truth.'),
  pagesReported: count.describe('Pages reported as written, once an epoch.'),
  lostByCause: counts.describe('`lost`, by what happened to the page between arming and write.'),
  lostPages: z
    .array(z.strictObject({ page: count, epoch: count, cause: z.string() }))
    .describe('The first lost pages: absolute page number (address / 4096), epoch from 1, and the cause.'),
  faults: counts.describe('Page faults by kind.'),
  messages: count.describe('userfaultfd messages the monitor had to answer.'),
  signals: count.describe('SIGSEGV and SIGBUS delivered; a tracker by mprotect is driven by them.'),
  peakVmas: count.describe('Mappings of the process at their peak; vm.max_map_count limits them.'),
  pageTableBytes: count.describe('Page-table bytes at their peak.'),
  tlbFlushes: count.describe('TLB flushes.'),
  steps: count.describe('Units of work: the cost that needs no hardware.'),
  counters: counts.describe('Every count the machine kept; the names may grow.'),
}

const nothing = z.null()

const identity = {
  design: z.string(),
  known: z.enum(['live-checked', 'recorded', 'model only']).describe('How the results of this design are known.'),
}

const servedRow = z.strictObject({
  ...identity,
  status: z.literal('ok'),
  reason: nothing,
  ...figures,
  why: z.string().describe('One sentence that explains the figures.'),
})

const unsupportedRow = z.strictObject({
  ...identity,
  status: z.literal('unsupported'),
  reason: z.string().describe('What the design cannot do, and the remedy.'),
  ...(Object.fromEntries(Object.keys(figures).map((name) => [name, nothing])) as { [Name in keyof typeof figures]: typeof nothing }),
  why: z.string(),
})

/** One design's result: figures, or the reason why there are none. */
const rowSchema = z.discriminatedUnion('status', [servedRow, unsupportedRow])

/** A whole comparison. */
export const comparisonSchema = z
  .strictObject({
    format: z.literal('faultline-compare 1'),
    workload: z.string(),
    memory: z.enum(MEMORY_TYPES as [(typeof MEMORY_TYPES)[number], ...(typeof MEMORY_TYPES)[number][]]),
    trace: z.string().describe('The bundled trace or file, as it was named.'),
    options: z.record(z.string(), z.number()).describe('Every option of the workload, the seed among them, defaults included.'),
    rows: z.array(rowSchema).describe('One per design, in the order they were asked for.'),
    ideal: servedRow.describe('The oracle that never loses and is never spurious: what the workload itself costs.'),
  })
  .describe('faultline compare --json. The same command, seed and version give the same bytes.')

export type ServedRow = z.infer<typeof servedRow>
export type UnsupportedRow = z.infer<typeof unsupportedRow>
export type Row = ServedRow | UnsupportedRow
export type Comparison = z.infer<typeof comparisonSchema>

/** The published JSON schema (draft 2020-12) as text. */
export function jsonSchemaText(): string {
  return `${JSON.stringify({ $id: 'faultline-compare-1', title: 'faultline compare', ...z.toJSONSchema(comparisonSchema) }, undefined, 2)}\n`
}

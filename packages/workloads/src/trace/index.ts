export { type BundledTrace, bundledTraces, bundledTraceUrl, findBundledTrace } from './bundled.ts'
export { parseTrace, readTrace, type Trace } from './detect.ts'
export { type Pgfault, type PgfaultCall, type PgfaultFault, type PgfaultRecord, type PgfaultTask, parsePgfault } from './pgfault.ts'
export {
  type PageColumn,
  PGT_EVENT,
  PGT_EXEC,
  PGT_KERNEL_READ,
  PGT_KERNEL_WRITE,
  PGT_PAGE_LIMIT,
  PGT_READ,
  PGT_WRITE,
  type Pgtrace,
  type PgtraceEvent,
  type PgtraceHeader,
  type PgtraceMapping,
} from './pgtrace.ts'
export { parsePgtraceBinary } from './pgtrace-binary.ts'
export { parsePgtraceText } from './pgtrace-text.ts'
export { TraceError, type TracePosition } from './trace-error.ts'
export type {
  UffdAdvise,
  UffdApi,
  UffdBatch,
  UffdCopy,
  UffdEmptyRead,
  UffdEventMessage,
  UffdFault,
  UffdOpen,
  UffdRange,
  UffdRecord,
  UffdRecordBase,
  UffdRegister,
  UffdTouch,
  UffdUnregister,
  UffdWriteProtect,
  UffdZeroPage,
} from './uffd-record.ts'
export { parseUffdtrace, type UffdBlock, type UffdMapping, type UffdMemory, type Uffdtrace, type UffdtraceHeader } from './uffdtrace.ts'
export {
  parseWpsample,
  WPS_FILE,
  WPS_HUGE,
  WPS_SWAPPED,
  WPS_ZERO,
  type Wpsample,
  type WpsampleChange,
  type WpsampleInterval,
} from './wpsample.ts'

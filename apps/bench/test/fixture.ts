import type { Comparison, ServedRow } from '../src/report/schema.ts'

/** A made-up row; tests of the reports need figures they can foresee, not true ones. */
export function servedRow(design: string, figures: Partial<ServedRow> = {}): ServedRow {
  return {
    design,
    known: 'model only',
    status: 'ok',
    reason: null,
    lost: 0,
    spurious: 0,
    discarded: 7,
    corrupted: 0,
    stuck: 0,
    epochs: 3,
    pagesWritten: 900,
    pagesReported: 858,
    lostByCause: {},
    lostPages: [],
    faults: { total: 1203, missing: 0, writeProtect: 1200, swapIn: 3 },
    messages: 1200,
    signals: 0,
    peakVmas: 4,
    pageTableBytes: 40_961,
    tlbFlushes: 12,
    steps: 1_234_567,
    counters: { walks: 9, faults: 2 },
    why: `${design} has its reasons.`,
    ...figures,
  }
}

/** A made-up comparison: one design loses, one does not, one cannot. */
export function comparison(): Comparison {
  return {
    format: 'faultline-compare 1',
    workload: 'dirty-tracking',
    memory: 'shmem',
    trace: 'redis-server',
    options: { seed: 1 },
    rows: [
      servedRow('loser', { lost: 42, lostByCause: { unmapped: 40, collapsed: 2 }, why: 'loses <b>42</b> & more' }),
      servedRow('keeper'),
      {
        ...servedRow('old'),
        status: 'unsupported',
        reason: 'old cannot serve shmem',
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
        why: 'old cannot serve shmem',
      },
    ],
    ideal: servedRow('ideal', { messages: 0 }),
  }
}

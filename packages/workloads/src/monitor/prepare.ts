/**
 * What a monitor does with memory before it protects it, for kernels that protect only what is there.
 * @module
 */
import { type Operation, range, type SyncSession } from '@faultline/program'
import { PROCESS } from '../calls.ts'
import type { TrackedDesign } from './tracker.ts'

/** Nothing; a load of each page, as QEMU did first; 2 is MADV_POPULATE_READ, as it does since. */
const PREPARE_NOTHING = 0
const PREPARE_READ = 1

/** Makes mapped pages ready to be protected. What cannot be read is left as it is. */
export type Prepare = (start: number, pages: number) => void

/** The oracle needs nothing, and does nothing. */
export function createPrepare({ tracker }: TrackedDesign, session: SyncSession, how: number): Prepare {
  if (how === PREPARE_NOTHING || tracker.mechanism === 'ideal') return () => {}
  if (how === PREPARE_READ) {
    return (start, pages) => {
      for (let vpn = start; vpn < start + pages; vpn++) session.access(PROCESS, vpn, false, 0)
    }
  }
  return (start, pages) => {
    const populate: Operation = { op: 'madvise', range: range('@', start, pages), advice: 'populate_read' }
    session.perform(populate)
  }
}

/**
 * The anonymous backend with its copy-on-write handed out: the fault path decides as ever, and stops where the copy would begin.
 * @module
 */
import { anonBackend, copyOnWrite } from '@faultline/backend-anon'
import { type AnonBackend, FAULT_DONE, type Fault } from '@faultline/mm-types'

/** Serves all faults at once until `isStepping`; from then on a copy-on-write is kept for whoever takes it. */
export interface SteppedAnon extends AnonBackend {
  isStepping: boolean
  /** The fault that was to be copied, once. */
  take(): Fault | null
}

export function steppedAnon(): SteppedAnon {
  let kept: Fault | null = null
  return {
    ...anonBackend,
    isStepping: false,
    copyOnWrite(fault) {
      if (!this.isStepping) return copyOnWrite(fault)
      kept = { ...fault }
      return FAULT_DONE
    },
    take() {
      const fault = kept
      kept = null
      return fault
    },
  }
}

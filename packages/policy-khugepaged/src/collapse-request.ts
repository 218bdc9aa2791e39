/**
 * What a collapse is asked for.
 * @module
 */
import type { CollapseLimits, CollapsePolicy } from '@faultline/mm-types'

/** What to collapse and how hard to try. */
export interface CollapseRequest {
  readonly policy: CollapsePolicy
  readonly limits: CollapseLimits
  /** MADV_COLLAPSE: limits do not apply, and the VM_NOHUGEPAGE flag still does. */
  readonly forced: boolean
}

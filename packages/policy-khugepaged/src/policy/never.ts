/**
 * Collapse: never.
 * @module
 */
import { type CollapsePolicy, SCAN_NEVER } from '@faultline/mm-types'

/** The baseline and the template: nothing is ever merged. */
export const never: CollapsePolicy = {
  name: 'never',
  vmaAllows: () => false,
  scanPmd: () => SCAN_NEVER,
  retracts: () => false,
  source: 'transparent_hugepage/enabled = never',
}

/**
 * What must hold between the choices of a design.
 * @module
 */
import { type ArmingPolicy, type Design, PTE_MARKER_NO_WP } from '@faultline/mm-types'
import { ExpressionError } from '@faultline/program'

/**
 * Refuses a design whose choices exclude each other.
 *
 * @throws ExpressionError that names the design, the seam and the remedy
 */
export function checkDesign(design: Design): void {
  const { file, anon, anonUnpopulated } = design.arming
  for (const policy of [file, anon, anonUnpopulated]) checkArming(design, policy)
}

/** What is armed by a page is armed by a zero page; what means armed by being none needs a word for what is not. */
function checkArming(design: Design, policy: ArmingPolicy): void {
  if (policy.noneIsArmed && (design.encoding.bits & PTE_MARKER_NO_WP) === 0) {
    const what = `the policy '${policy.name}', for which none means armed, with the encoding '${design.encoding.name}', which has no NO_WP marker`
    throw new ExpressionError(design.name, 'arming', what, "take the encoding 'pte-marker-no-wp', or another policy")
  }
  if (!policy.populates || !design.forbidsZeropage) return
  const what = `the policy '${policy.name}', which maps the zero page, where forbidsZeropage is set`
  throw new ExpressionError(design.name, 'arming', what, "take 'pte-marker' or 'skip', or allow the zero page")
}

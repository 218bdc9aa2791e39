/**
 * What a stranger's policy throws is its mistake, and no bug of ours.
 * @module
 */
import { ExpressionError } from '@faultline/program'
import { UsageError } from '../errors.ts'
import { quote } from '../names.ts'
import type { Stranger } from './load.ts'

/** An error that came while a stranger's design ran, in one line that names it; what any design may be refused for stays as it is. */
export function blamed(error: unknown, { design, from }: Stranger): unknown {
  if (error instanceof ExpressionError || error instanceof UsageError || !(error instanceof Error)) return error
  const where = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? ''
  return new UsageError(`--with ${quote(from)}: design ${quote(design.name)} failed while it ran: ${error.message} (${where})`)
}

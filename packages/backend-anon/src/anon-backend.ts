/**
 * The anonymous backend, put together.
 * @module
 */
import type { AnonBackend } from '@faultline/mm-types'
import { copyOnWrite, reuse } from './copy-on-write.ts'
import { faultAnon, mapNew, mapZero } from './fault.ts'
import { bringBack, swapIn, swapOutEntry } from './swap.ts'
import { swapOutRun } from './swap-run.ts'

/** Anonymous memory as Linux has it. */
export const anonBackend: AnonBackend = {
  name: 'anon',
  fault: faultAnon,
  copyOnWrite,
  swapIn,
  swapOutEntry,
  swapOutRun,
  shortcut: { fault: faultAnon, copyOnWrite, swapIn, mapNew, mapZero, reuse, bringBack },
  source: 'v6.18 mm/memory.c do_anonymous_page(), do_wp_page(), do_swap_page()',
}

/**
 * What `faultline speed` measures: one row an operation.
 * @module
 */

/** What a figure is counted by. */
type Unit = 'page' | 'fault' | '2 MiB' | 'access' | 'operation'

/** Steps that belong together: they run as a whole, each on the state that the one before it left. */
export type SceneName = 'touched' | 'random' | 'sparse' | 'sync' | 'markers' | 'swap' | 'thp' | 'hugetlb' | 'replay'

/** One operation. */
export interface SpeedOperation {
  readonly name: string
  readonly scene: SceneName
  readonly unit: Unit
  readonly what: string
  /** How many times faster than the kernel an experiment needs it. */
  readonly target: number
}

function of(scene: SceneName, unit: Unit, rows: readonly (readonly [name: string, what: string, target?: number])[]): SpeedOperation[] {
  return rows.map(([name, what, target = 1]) => ({ name, scene, unit, what, target }))
}

/** Every operation, in the order in which tables print them. */
export const SPEED_OPERATIONS: readonly SpeedOperation[] = [
  ...of('touched', 'page', [['fault-seq', 'first touch, in order', 40]]),
  ...of('random', 'page', [['fault-rand', 'first touch, in random order', 40]]),
  ...of('sparse', 'fault', [['fault-sparse', 'first touch, one page in 2 MiB', 40]]),
  ...of('touched', 'access', [['access-hit', 'a store through the TLB']]),
  ...of('touched', 'page', [['wp-present', 'write-protect present pages', 15]]),
  ...of('markers', 'page', [
    ['wp-none', 'write-protect what is not there: markers', 5],
    ['wp-again', 'write-protect markers again'],
  ]),
  ...of('touched', 'page', [
    ['wp-off', 'end the protection of present pages'],
    ['wpfault-async-seq', 'stores to protected pages, WP_ASYNC, in order', 20],
    ['wpfault-async-rand', 'the same in random order', 20],
  ]),
  ...of('sync', 'page', [
    ['wpfault-sync-seq', 'the same with a monitor that answers each (receive, writeprotect of the session), in order'],
    ['wpfault-sync-rand', 'the same in random order'],
  ]),
  ...of('markers', 'page', [
    ['marker-read', 'first load of a marker'],
    ['marker-write', 'first store to a marker', 40],
  ]),
  ...of('sync', 'page', [['resolve', 'end the protection of one page (writeprotect of the session)']]),
  ...of('touched', 'page', [
    ['scan-all', 'PAGEMAP_SCAN for written pages: all are'],
    ['scan-none', 'PAGEMAP_SCAN: none is'],
    ['scan-alt', 'PAGEMAP_SCAN: every other one is'],
    ['pagemap', 'read page states'],
    ['fork', 'fork', 5],
    ['child-exit', 'exit of the child'],
  ]),
  ...of('random', 'page', [['dontneed', 'MADV_DONTNEED']]),
  ...of('touched', 'page', [['munmap', 'munmap', 20]]),
  ...of('swap', 'page', [
    ['swap-out', 'MADV_PAGEOUT to swap'],
    ['swap-in', 'stores to swapped pages'],
  ]),
  ...of('touched', '2 MiB', [['khugepaged', 'the scan of MADV_COLLAPSE, which ends at the last page']]),
  ...of('thp', '2 MiB', [['thp-fault', 'first touch of a transparent huge page']]),
  ...of('hugetlb', '2 MiB', [['hugetlb-fault', 'first touch of a hugetlb page']]),
  ...of('replay', 'access', [['trace-replay', 'a recorded trace: reading it, and all its accesses']]),
  ...of('replay', 'operation', [['program-replay', 'the scripts of the selftests, outcomes compared']]),
]

/** The scenes that some operations take, in the order they run in. */
export function scenesOf(operations: readonly SpeedOperation[]): SceneName[] {
  return [...new Set(operations.map(({ scene }) => scene))]
}

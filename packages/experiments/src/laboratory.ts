/**
 * What experiments do again and again with a session: operations that must succeed, a monitor, picks at random.
 * @module
 */
import {
  PAGE_IS_HUGE,
  UFFD_API,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  UFFD_PAGEFAULT_FLAG_WP,
  UFFDIO_REGISTER_MODE_WP,
} from '@faultline/mm-types'
import { type Operation, type Outcome, type Range, range, type SyncSession } from '@faultline/program'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Pages of 4 KiB in a huge page. */
export const HUGE_PAGES = 512

/** Performs an operation. @throws Error when it fails: an experiment is written so that it cannot */
export function must(session: SyncSession, operation: Operation): Outcome {
  const outcome = session.perform(operation)
  if (outcome.errno !== 0 || outcome.signal !== undefined) throw new Error(`${operation.op} failed: ${JSON.stringify(outcome)}`)
  return outcome
}

/** Opens a userfaultfd in a process and registers a range for write-protection. */
export function watch(session: SyncSession, process: string, uffd: string, watched: Range, features = 0): void {
  const asked = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | features
  must(session, { op: 'userfaultfd', process, uffd, flags: 0 })
  must(session, { op: 'api', process, uffd, features: asked, version: UFFD_API })
  must(session, { op: 'register', process, uffd, range: watched, mode: UFFDIO_REGISTER_MODE_WP })
}

/**
 * Serves the write-protect messages of a userfaultfd: reports each page (of `unit` pages of 4 KiB) and ends its protection.
 * @returns messages served
 */
export function serve(session: SyncSession, process: string, uffd: string, unit: number, report: (vpn: number) => void): number {
  let served = 0
  for (;;) {
    const { errno, messages } = session.perform({ op: 'receive', process, uffd })
    const message = messages?.[0]
    if (errno !== 0 || message === undefined) return served
    if (((message.flags ?? 0) & UFFD_PAGEFAULT_FLAG_WP) === 0) continue
    const vpn = Math.floor(message.address / 4096)
    const start = vpn - (vpn % unit)
    report(start)
    must(session, { op: 'writeprotect', process, uffd, range: range('@', start, unit), mode: 0 })
    served++
  }
}

/** Ranges of 2 MiB that a process maps by one entry each (PAGEMAP_SCAN, PAGE_IS_HUGE). */
export function hugeMapped(session: SyncSession, process: string, scanned: Range): number {
  const { regions } = must(session, {
    op: 'scan',
    process,
    range: scanned,
    flags: 0,
    inverted: 0,
    mask: PAGE_IS_HUGE,
    anyof: 0,
    returned: PAGE_IS_HUGE,
    maxPages: 0,
    vecLen: scanned.pages,
  })
  return (regions ?? []).reduce((sum, { start, end }) => sum + (end - start) / 4096, 0) / HUGE_PAGES
}

/** Picks at random, the same for the same seed. */
export class Dice {
  readonly #generator: ReturnType<typeof xoroshiro128plus>

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed)
  }

  /** From 0 to `below` - 1. */
  number(below: number): number {
    return uniformInt(this.#generator, 0, below - 1)
  }

  /** `nr` different numbers from 0 to `below` - 1, in ascending order. */
  numbers(nr: number, below: number): number[] {
    const all = Array.from({ length: below }, (_, i) => i)
    for (let i = 0; i < nr; i++) {
      const other = i + this.number(below - i)
      const taken = all[other]
      all[other] = all[i]
      all[i] = taken
    }
    return all.slice(0, nr).sort((a, b) => a - b)
  }
}

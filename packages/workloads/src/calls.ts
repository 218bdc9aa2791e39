/**
 * Calls of a workload on a session, and why a workload cannot go on.
 * @module
 */
import { EFAULT, ENOMEM, errnoName } from '@faultline/mm-types'
import { type Memory, type Operation, type Outcome, range, type SyncSession } from '@faultline/program'

/** The process a workload runs as. */
export const PROCESS = 'main'

/** A design has no answer for what a workload needs; becomes the `unsupported` of its result. */
export class UnsupportedError extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'UnsupportedError'
  }
}

/** Performs an operation that must succeed. @throws UnsupportedError for ENOMEM, Error that names the operation and what it gave */
export function must(session: SyncSession, operation: Operation): Outcome {
  const outcome = session.perform(operation)
  return outcome.errno === 0 ? outcome : refuse(operation, outcome)
}

/** UFFDIO_WRITEPROTECT that must succeed: what monitors call page by page. @throws as `must` does */
export function mustProtect(session: SyncSession, uffd: string, vpn: number, pages: number, mode: number): void {
  const outcome = session.writeprotect(uffd, vpn, pages, mode)
  if (outcome.errno !== 0) refuse({ op: 'writeprotect', uffd, range: range('@', vpn, pages), mode }, outcome)
}

function refuse(operation: Operation, outcome: Outcome): never {
  if (outcome.errno === ENOMEM) throw new UnsupportedError(`${operation.op} gives ENOMEM: no more mappings (vm.max_map_count) or memory`)
  if (operation.op === 'mremap' && outcome.errno === EFAULT) {
    throw new UnsupportedError(`mremap of ${operation.range.pages} pages gives EFAULT: they are no longer one mapping`)
  }
  const place = 'range' in operation ? ` of page 0x${operation.range.at.page.toString(16)}+${operation.range.pages}` : ''
  throw new Error(`${operation.op}${place} failed with ${errnoName(outcome.errno)}; the replay of a program needs it to succeed`)
}

/** 4 KiB pages in one page of a memory type. */
export function unitOf(memory: Memory): number {
  return memory === 'hugetlb' || memory === 'hugetlb-private' ? 512 : 1
}

/** Shared memory keeps its content when a mapping drops its pages. */
export function isShared(memory: Memory): boolean {
  return memory === 'shmem' || memory === 'hugetlb'
}

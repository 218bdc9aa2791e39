/**
 * Records of a userfaultfd stream as operations.
 * @module
 */
import {
  MADV_DONTNEED,
  MADV_FREE,
  MADV_PAGEOUT,
  MADV_REMOVE,
  UFFD_API,
  UFFD_USER_MODE_ONLY,
  UFFDIO_COPY_MODE_DONTWAKE,
  UFFDIO_COPY_MODE_WP,
  UFFDIO_WRITEPROTECT_MODE_DONTWAKE,
  UFFDIO_WRITEPROTECT_MODE_WP,
} from '@faultline/mm-types'
import type { Advice, Operation, Range } from '@faultline/program'
import type { UffdApi, UffdOpen, UffdRegister, UffdTouch, UffdUnregister } from './trace/uffd-record.ts'
import type { UffdEffect } from './uffd-placement.ts'
import type { UffdRegion } from './uffd-region.ts'

/** Calls that open a userfaultfd and say what it serves. */
export type UffdHandshake = UffdOpen | UffdApi | UffdRegister | UffdUnregister

/** A handshake call as an operation. */
export function handshakeOperation(record: UffdHandshake, uffd: string, region: UffdRegion): Operation {
  switch (record.kind) {
    case 'O':
      return { op: 'userfaultfd', uffd, flags: record.flags & UFFD_USER_MODE_ONLY }
    case 'A':
      return { op: 'api', uffd, features: record.requested, version: UFFD_API }
    case 'G':
      return { op: 'register', uffd, range: region.range(region.page(record), record.count), mode: record.mode }
    default:
      return { op: 'unregister', uffd, range: region.range(region.page(record), record.count) }
  }
}

const ADVICE: Readonly<Record<number, Advice>> = {
  [MADV_DONTNEED]: 'dontneed',
  [MADV_FREE]: 'free',
  [MADV_REMOVE]: 'remove',
  [MADV_PAGEOUT]: 'pageout',
}

/** A call that changes pages; `value` is the stamp of pages it fills. fallocate() is the region's own. */
export function effectOperation(record: Exclude<UffdEffect, UffdTouch>, uffd: string, range: Range, value: number): Operation {
  switch (record.kind) {
    case 'C':
    case 'K': {
      const mode = (record.kind === 'K' ? UFFDIO_COPY_MODE_WP : 0) | (record.dontWake ? UFFDIO_COPY_MODE_DONTWAKE : 0)
      return { op: 'copy', uffd, range, mode, value }
    }
    case 'P':
    case 'N': {
      const mode = (record.kind === 'P' ? UFFDIO_WRITEPROTECT_MODE_WP : 0) | (record.dontWake ? UFFDIO_WRITEPROTECT_MODE_DONTWAKE : 0)
      return { op: 'writeprotect', uffd, range, mode }
    }
    case 'Z':
      return { op: 'zeropage', uffd, range, mode: record.mode }
    default: {
      const advice = ADVICE[record.advice]
      if (advice === undefined) throw new RangeError(`line ${record.line}: madvise() with advice ${record.advice} cannot be replayed`)
      return { op: 'madvise', range, advice }
    }
  }
}

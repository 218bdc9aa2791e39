/**
 * The monitor of a live snapshot: keeps pages from being written until they are copied.
 * @module
 */
import { type TrackerPolicy, UFFD_PAGEFAULT_FLAG_WP, UFFDIO_WRITEPROTECT_MODE_WP } from '@faultline/mm-types'
import type { Memory, SyncSession } from '@faultline/program'
import { mustProtect, UnsupportedError, unitOf } from '../calls.ts'
import type { TrackedDesign } from './tracker.ts'
import { openUffd, registerWp, WP_FEATURES } from './uffd.ts'

/** Told the first 4 KiB page of a page of memory that must be copied now. */
type CopyFirst = (start: number) => void

/** How a snapshot learns that a page is about to be written. */
export interface Snapshotter {
  /** `aboutToStore` wants to hear of every store. */
  readonly watchesStores: boolean
  /** Protects mapped pages. @throws UnsupportedError when the design refuses */
  arm(start: number, pages: number): void
  /** Lets a copied page be written. */
  release(start: number): void
  /** Serves a thread that waits: has the page copied, then releases it. */
  answer(): void
  /** Hears of a store that is about to happen, where `watchesStores`. */
  aboutToStore(vpn: number): void
}

const UFFD = 'snapshot'

/** As QEMU's background snapshot does it: write-protect all, copy on message. */
class UffdSnapshotter implements Snapshotter {
  readonly watchesStores = false
  readonly #design: TrackedDesign
  readonly #session: SyncSession
  readonly #memory: Memory
  readonly #unit: number
  readonly #copyFirst: CopyFirst

  constructor(design: TrackedDesign, session: SyncSession, memory: Memory, copyFirst: CopyFirst) {
    this.#design = design
    this.#session = session
    this.#memory = memory
    this.#unit = unitOf(memory)
    this.#copyFirst = copyFirst
    openUffd(design, session, memory, UFFD, WP_FEATURES)
  }

  arm(start: number, pages: number): void {
    registerWp(this.#design, this.#session, this.#memory, UFFD, start, pages)
    mustProtect(this.#session, UFFD, start, pages, UFFDIO_WRITEPROTECT_MODE_WP)
  }

  release(start: number): void {
    mustProtect(this.#session, UFFD, start, this.#unit, 0)
  }

  answer(): void {
    for (;;) {
      const message = this.#session.receive(UFFD)
      if (message === undefined) return
      if (((message.flags ?? 0) & UFFD_PAGEFAULT_FLAG_WP) === 0) continue
      const vpn = Math.floor(message.address / 4096)
      const start = vpn - (vpn % this.#unit)
      this.#copyFirst(start)
      this.release(start)
    }
  }

  aboutToStore(): void {}
}

/** The oracle: knows of every store before it happens, at no cost. */
class IdealSnapshotter implements Snapshotter {
  readonly watchesStores = true
  readonly #unit: number
  readonly #copyFirst: CopyFirst

  constructor(memory: Memory, copyFirst: CopyFirst) {
    this.#unit = unitOf(memory)
    this.#copyFirst = copyFirst
  }

  arm(): void {}

  release(): void {}

  answer(): void {}

  aboutToStore(vpn: number): void {
    this.#copyFirst(vpn - (vpn % this.#unit))
  }
}

type CreateSnapshotter = (design: TrackedDesign, session: SyncSession, memory: Memory, copyFirst: CopyFirst) => Snapshotter

const byUffd: CreateSnapshotter = (design, session, memory, copyFirst) => new UffdSnapshotter(design, session, memory, copyFirst)

/** Asynchronous write-protection cannot hold a write up, so a kernel that has it is asked for the synchronous kind. */
const SNAPSHOTTERS: Readonly<Record<TrackerPolicy['mechanism'], CreateSnapshotter>> = {
  'uffd-wp-sync': byUffd,
  'uffd-wp-async': byUffd,
  'soft-dirty': ({ name }) => {
    throw new UnsupportedError(`${name} learns of a write when it has happened, too late to copy what was there`)
  },
  mprotect: ({ name }) => {
    throw new UnsupportedError(`${name} has no monitor that copies pages in a handler of SIGSEGV`)
  },
  ideal: (_design, _session, memory, copyFirst) => new IdealSnapshotter(memory, copyFirst),
}

/** The snapshotter a design asks for. @throws UnsupportedError when the design cannot hold a write up */
export const createSnapshotter: CreateSnapshotter = (design, session, memory, copyFirst) =>
  SNAPSHOTTERS[design.tracker.mechanism](design, session, memory, copyFirst)

import { UFFD_API, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED } from '@faultline/mm-types'
import { ACCESS_BLOCKED, ACCESS_DONE, ACCESS_SIGSEGV, type AccessBatch, range, type SyncSession } from '@faultline/program'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linux618 } from './history.ts'
import { createModel } from './model.ts'

const START = 0x10000000
/** More than the TLB holds, with a hole and pages that may only be read. */
const PAGES = 1500
const HOLE = 700
const READ_ONLY = 900

function machine(features: number): SyncSession {
  const session = createModel(linux618).open() as SyncSession
  session.perform({ op: 'mmap', region: 'A', pages: PAGES, memory: 'anon', prot: 'rw', vpn: START })
  session.perform({ op: 'userfaultfd', uffd: 'u', flags: 0 })
  session.perform({ op: 'api', uffd: 'u', features, version: UFFD_API })
  session.perform({ op: 'register', uffd: 'u', range: range('A', 0, PAGES), mode: 2 })
  session.perform({ op: 'munmap', range: range('A', HOLE, 10) })
  session.perform({ op: 'mprotect', range: range('A', READ_ONLY, 10), prot: 'r' })
  return session
}

interface Access {
  readonly page: number
  readonly write: boolean
}

/** Every stop with its code, and what the loads saw. */
interface Story {
  readonly stops: readonly (readonly [number, number])[]
  readonly stamps: readonly number[]
}

/** A monitor answers what waits, which is tried once more. */
function answer(session: SyncSession): void {
  for (let message = session.receive('u'); message !== undefined; message = session.receive('u')) {
    session.writeprotect('u', message.address / 4096, 1, 0)
  }
}

function oneByOne(session: SyncSession, accesses: readonly Access[]): Story {
  const stops: [number, number][] = []
  const stamps = accesses.map(({ page, write }, i) => {
    let code = session.access('main', START + page, write, i + 1)
    if (code !== ACCESS_DONE) stops.push([i, code])
    if (code === ACCESS_BLOCKED) {
      answer(session)
      code = session.access('main', START + page, write, i + 1)
    }
    return write || code !== ACCESS_DONE ? i + 1 : session.loaded
  })
  return { stops, stamps }
}

function inBatches(session: SyncSession, accesses: readonly Access[]): Story {
  const vpns = Float64Array.from(accesses, ({ page }) => START + page)
  const batch: AccessBatch = {
    vpns,
    writes: Uint8Array.from(accesses, ({ write }) => Number(write)),
    stamps: Int32Array.from(accesses, (_, i) => i + 1),
  }
  const stops: [number, number][] = []
  for (let i = 0; i < accesses.length; i++) {
    i = session.accessMany('main', batch, i, accesses.length)
    if (i === accesses.length) break
    stops.push([i, session.stopped])
    if (session.stopped !== ACCESS_BLOCKED) continue
    answer(session)
    // Done, or left to the next round.
    if (session.access('main', vpns[i], batch.writes[i] !== 0, batch.stamps[i]) === ACCESS_DONE && batch.writes[i] === 0) {
      batch.stamps[i] = session.loaded
    }
  }
  return { stops, stamps: [...batch.stamps] }
}

const access = fc.record({
  page: fc.oneof(fc.nat(PAGES - 1), fc.nat(20), fc.integer({ min: HOLE - 2, max: READ_ONLY + 12 })),
  write: fc.boolean(),
})

describe('accesses in batches do what they do one by one', () => {
  test.each([
    ['with a monitor that answers', UFFD_FEATURE_WP_UNPOPULATED],
    ['with asynchronous protection', UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC],
  ])('%s', (_, features) => {
    fc.assert(
      fc.property(fc.array(access, { maxLength: 60 }), fc.array(access, { maxLength: 60 }), (before, after) => {
        const [single, many] = [machine(features), machine(features)]
        for (const accesses of [before, after]) {
          expect(inBatches(many, accesses)).toEqual(oneByOne(single, accesses))
          expect(many.counters()).toEqual(single.counters())
          for (const session of [single, many]) session.writeprotect('u', START, HOLE, 1)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('what cannot be done is told, and nothing after it is touched', () => {
    const session = machine(UFFD_FEATURE_WP_UNPOPULATED)
    const batch = { vpns: Float64Array.of(START, START + HOLE, START + 1), writes: Uint8Array.of(1, 0, 1), stamps: Int32Array.of(5, 6, 7) }
    expect([session.accessMany('main', batch, 0, 3), session.stopped]).toEqual([1, ACCESS_SIGSEGV])
    expect([session.access('main', START, false, 0), session.loaded]).toEqual([ACCESS_DONE, 5])
    expect([session.access('main', START + 1, false, 0), session.loaded]).toEqual([ACCESS_DONE, 0])
    expect(session.accessMany('main', batch, 2, 3)).toBe(3)
    expect([session.access('main', START + 1, false, 0), session.loaded]).toEqual([ACCESS_DONE, 7])
  })
})

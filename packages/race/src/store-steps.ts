/**
 * A store: through the TLB, or by the tables, or by a fault; and the fault's copy-on-write in steps.
 *
 * Simplified: a page is copied in one step, since each store is to a word of its own, which is copied or not; there is no page lock.
 *
 * @source v5.10 mm/memory.c do_wp_page(), wp_page_copy()
 * @module
 */
import { allocateCopy, copyContents, installCopy, reusePage } from '@faultline/backend-anon'
import { ACCESS_WAITS, handleFault, retryStore, translate } from '@faultline/mm'
import { FAULT_DONE, type Fault, FRAME_MAP, FRAME_ZERO } from '@faultline/mm-types'
import { ptePfn, TLB_WRITE } from '@faultline/pagetable-core'
import type { WriteOp } from '@faultline/program'
import { AFRESH, ALWAYS, type Guard, type Steps } from './steps.ts'
import type { RaceWorld } from './world.ts'

/** A store of one word, tried again after each fault. */
export function* storeSteps(world: RaceWorld, cpu: number, { value }: WriteOp): Steps {
  const thread = `cpu${cpu}`
  let ready: Guard = AFRESH
  for (;;) {
    yield ready
    if (world.woken.delete(thread)) retryStore(world.mm, world.vpn)
    if (tryStore(world, cpu, value)) return
    yield world.locks.mayReadAndLockTable
    const code = beginFault(world, thread)
    ready = code === ACCESS_WAITS ? () => world.woken.has(thread) : AFRESH
    const fault = world.anon.take()
    if (fault !== null) yield* serveCopy(world, cpu, fault)
  }
}

/** What the processor does by itself. @returns false for a page fault */
function tryStore(world: RaceWorld, cpu: number, word: number): boolean {
  const { mm, vpn } = world
  const tlb = world.composed.kernel.tlbs[cpu]
  const hit = tlb.find(mm.id, vpn)
  if (hit >= 0 && tlb.rights[hit] === TLB_WRITE) {
    world.store(tlb.pfns[hit], word)
    world.say(`stores to ${world.nameOf(tlb.pfns[hit])} through its TLB`)
    return true
  }
  const pfn = translate(mm, vpn, true)
  if (pfn === 0) {
    world.say('finds the entry read-only: page fault')
    return false
  }
  tlb.insert(mm.id, vpn, pfn, TLB_WRITE)
  world.store(pfn, word)
  world.say(`finds the entry writable, stores to ${world.nameOf(pfn)}`)
  return true
}

/** Takes mmap_lock for reading and the lock of the table, and lets the fault path decide. Only a copy keeps mmap_lock. */
function beginFault(world: RaceWorld, thread: string): number {
  const { mm, vpn } = world
  const { counters } = world.composed.kernel.machine
  const { faultsSpurious, tlbFlushes } = counters
  const code = handleFault(mm, vpn, true, { cpu: 0, thread, user: true, stays: true, byte: 0, stamp: 0 })
  world.say('takes mmap_lock (read)')
  if (counters.tlbFlushes > tlbFlushes) world.say('a flush is pending: flushes the page')
  if (code === ACCESS_WAITS) world.say('reads the entry: protected; sends a message and waits')
  else if (code !== FAULT_DONE) throw new Error(`a store of a race ended with fault code ${code}`)
  else if (counters.faultsSpurious > faultsSpurious) world.say('reads the entry: writable by now')
  else world.say('reads the entry: read-only')
  return code
}

/** A write to a read-only private page: reused at once, or copied with the lock of the table dropped in between. */
function* serveCopy(world: RaceWorld, cpu: number, fault: Fault): Steps {
  const { locks } = world
  const { frames } = world.composed.kernel.machine
  if (reusePage(fault)) {
    world.say('reuses the page')
    return
  }
  const old = ptePfn(fault.lo, fault.hi)
  const name = world.nameOf(old)
  locks.read()
  if ((frames.flags(old) & FRAME_ZERO) === 0) frames.get(old)
  yield ALWAYS
  const copy = allocateCopy(fault)
  world.nameFrame(copy, `p${cpu}`)
  world.say(`allocates p${cpu}`)
  yield ALWAYS
  copyContents(fault, copy)
  world.say(`copies ${name} to p${cpu}`)
  yield locks.mayLockTable
  const { lo, hi } = world.pte()
  if (lo === fault.lo && hi === fault.hi) {
    installCopy(fault, copy)
    world.say(`puts p${cpu} in place of ${name}, flushes the page`)
  } else {
    frames.setField(copy, FRAME_MAP, 0)
    frames.put(copy)
    world.say(`finds the entry changed, drops p${cpu}`)
  }
  if ((frames.flags(old) & FRAME_ZERO) === 0) frames.put(old)
  locks.unread()
}

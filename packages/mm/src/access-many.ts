/**
 * Many accesses by a CPU, one after the other: what `access` does, with the hits of the TLB in the loop itself.
 * @module
 */
import { FAULT_DONE, FRAME_CHUNK_MASK, FRAME_CHUNK_SHIFT, FRAME_STAMP } from '@faultline/mm-types'
import { TLB_ENTRIES, TLB_WRITE } from '@faultline/pagetable-core'
import type { AccessBatch } from '@faultline/program'
import { accessMiss } from './access.ts'
import type { AccessRequest } from './access-request.ts'
import type { AddressSpace } from './objects.ts'

// What a module imports is a variable to V8, and costs a load, a check and a shift at every use.
const CHUNK_SHIFT = FRAME_CHUNK_SHIFT
const CHUNK_MASK = FRAME_CHUNK_MASK
const STAMP = FRAME_STAMP
const WRITABLE = TLB_WRITE
const TLB_MASK = TLB_ENTRIES - 1

/** An access that was not done, and the code that it gave. */
export interface Stop {
  at: number
  code: number
}

/** Performs accesses [from, to) of a batch until one is not done, and says so in `stop`. @returns whether all were done */
export function accessMany(mm: AddressSpace, batch: AccessBatch, from: number, to: number, request: AccessRequest, stop: Stop): boolean {
  const kernel = mm.kernel
  const { frames, counters } = kernel.machine
  const tlb = kernel.tlbs[request.cpu]
  const { tags, bases, rights, pfns } = tlb
  const { vpns, writes, stamps } = batch
  const id = mm.id
  tlb.know(id)
  let hits = 0
  let chunk = -1
  let words = pfns
  for (let i = from; i < to; i++) {
    const vpn = vpns[i]
    const entry = vpn & TLB_MASK
    const write = writes[i]
    // Not kept in a variable: one that the loop assigns was made an object at each fault, when V8 compiled the running loop.
    if (tags[entry] === bases[id] + vpn && (write === 0 || rights[entry] === WRITABLE)) {
      hits++
      const pfn = pfns[entry]
      if (pfn >>> CHUNK_SHIFT !== chunk) {
        chunk = pfn >>> CHUNK_SHIFT
        words = frames.chunk(pfn)
      }
      const at = (pfn & CHUNK_MASK) + STAMP
      if (write !== 0) words[at] = stamps[i]
      else stamps[i] = words[at]
      continue
    }
    request.stamp = stamps[i]
    const code = accessMiss(mm, vpn, write !== 0, request)
    if (code !== FAULT_DONE) {
      counters.tlbHits += hits
      stop.at = i
      stop.code = code
      return false
    }
    if (write === 0) stamps[i] = request.stamp
  }
  counters.tlbHits += hits
  return true
}

/**
 * Many accesses by a CPU, one after the other: what `access` does, with the hits of the TLB in a loop of their own.
 * @module
 */
import { FAULT_DONE, FRAME_CHUNK_MASK, FRAME_CHUNK_SHIFT, FRAME_SHIFT, FRAME_STAMP } from '@faultline/mm-types'
import { TLB_WRITE, type Tlb } from '@faultline/pagetable-core'
import type { AccessBatch } from '@faultline/program'
import { accessMiss } from './access.ts'
import type { AccessRequest } from './access-request.ts'
import type { AddressSpace } from './objects.ts'

// What a module imports is a variable to V8, and costs a load, a check and a shift at every use.
const CHUNK_SHIFT = FRAME_CHUNK_SHIFT
const CHUNK_MASK = FRAME_CHUNK_MASK
const SHIFT = FRAME_SHIFT
const STAMP = FRAME_STAMP
const WRITABLE = TLB_WRITE

/** An access that was not done, and the code that it gave. */
export interface Stop {
  at: number
  code: number
}

/** Performs accesses [from, to) of a batch until one is not done, and says so in `stop`. @returns whether all were done */
export function accessMany(mm: AddressSpace, batch: AccessBatch, from: number, to: number, request: AccessRequest, stop: Stop): boolean {
  const kernel = mm.kernel
  const tlb = kernel.tlbs[request.cpu]
  const { vpns, writes, stamps } = batch
  for (let i = from; ; i++) {
    const hits = hitMany(mm, tlb, batch, i, to)
    kernel.machine.counters.tlbHits += hits
    i += hits
    if (i >= to) return true
    const write = writes[i] !== 0
    request.stamp = stamps[i]
    const code = accessMiss(mm, vpns[i], write, request)
    if (code !== FAULT_DONE) {
      stop.at = i
      stop.code = code
      return false
    }
    if (!write) stamps[i] = request.stamp
  }
}

/** Without calls in the common way, so that what does not change is looked up once. @returns accesses done before the first that the TLB does not translate */
function hitMany(mm: AddressSpace, tlb: Tlb, { vpns, writes, stamps }: AccessBatch, from: number, to: number): number {
  const { frames } = mm.machine
  const { rights, pfns } = tlb
  const id = mm.id
  let chunk = -1
  let words = stamps
  let i = from
  for (; i < to; i++) {
    const hit = tlb.find(id, vpns[i])
    const write = writes[i]
    if (hit < 0 || (write !== 0 && rights[hit] !== WRITABLE)) break
    const pfn = pfns[hit]
    if (pfn >>> CHUNK_SHIFT !== chunk) {
      chunk = pfn >>> CHUNK_SHIFT
      words = frames.chunk(pfn)
    }
    const at = ((pfn & CHUNK_MASK) << SHIFT) + STAMP
    if (write !== 0) words[at] = stamps[i]
    else stamps[i] = words[at]
  }
  return i - from
}

/**
 * Where the named regions of a running program lie.
 * @module
 */
import { ABSOLUTE } from './kinds.ts'
import type { Operation, Place } from './operations.ts'
import type { Outcome } from './system.ts'

/** Translates between addresses and places. */
export interface AddressMap {
  /** The byte address of a place; `undefined` when the region's start is not known. */
  addressOf(place: Place): number | undefined
  /** The place at an address: in `region` where given, however far from it, else in the region that was mapped there last. */
  placeOf(address: number, region?: string): Place | undefined
}

interface Extent {
  readonly start: number
  readonly end: number
  readonly pageSize: number
}

/** An address map without regions. */
export const NO_REGIONS: AddressMap = { addressOf: () => undefined, placeOf: () => undefined }

/** Follows a run and learns the regions from what mmap and mremap returned. */
export class Regions implements AddressMap {
  // The region of absolute pages has no length, so no address is named by it.
  readonly #extents = new Map<string, Extent>([[ABSOLUTE, { start: 0, end: 0, pageSize: 4096 }]])

  /** Learns from one operation and its outcome. */
  note(operation: Operation, outcome: Outcome): void {
    if (outcome.errno !== 0) return
    if (operation.op === 'mmap') {
      const isHuge = operation.memory === 'hugetlb' || operation.memory === 'hugetlb-private'
      const start = outcome.address ?? this.#fixed(operation.vpn, operation.at)
      this.#bind(operation.region, start, operation.pages, 2 ** (isHuge ? (operation.hugeShift ?? 21) : 12))
    } else if (operation.op === 'mremap') {
      const old = this.#extents.get(operation.range.at.region)
      const start = outcome.address ?? this.#fixed(undefined, operation.to)
      if (old) this.#bind(operation.region, start, operation.newPages, old.pageSize)
    }
  }

  addressOf(place: Place): number | undefined {
    const extent = this.#extents.get(place.region)
    return extent && extent.start + place.page * extent.pageSize + place.byte
  }

  placeOf(address: number, region = this.#containing(address)): Place | undefined {
    const extent = region === undefined ? undefined : this.#extents.get(region)
    if (region === undefined || extent === undefined) return undefined
    const offset = address - extent.start
    const page = Math.floor(offset / extent.pageSize)
    return { region, page, byte: offset - page * extent.pageSize }
  }

  #fixed(vpn: number | undefined, at: Place | undefined): number | undefined {
    if (vpn !== undefined) return vpn * 4096
    return at && this.addressOf(at)
  }

  #bind(region: string, start: number | undefined, pages: number, pageSize: number): void {
    // Deleted first, so that the map is ordered by the time of binding.
    this.#extents.delete(region)
    if (start !== undefined) this.#extents.set(region, { start, end: start + pages * pageSize, pageSize })
  }

  #containing(address: number): string | undefined {
    let found: string | undefined
    for (const [region, { start, end }] of this.#extents) if (start <= address && address < end) found = region
    return found
  }
}

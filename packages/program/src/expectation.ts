/**
 * What a step is expected to do, in the same words as its outcome.
 * @module
 */
import type { Memory, Place } from './operations.ts'
import { matchesPages, type PagePattern, patternsOf } from './page-pattern.ts'
import { formatPageState } from './page-state.ts'
import { type AddressMap, NO_REGIONS } from './regions.ts'
import type { Message, Outcome, ScanRegion } from './system.ts'

/** A place, or an absolute byte address. */
export type Address = Place | number

/** How an operation ends. How it ends is always checked in full; the values below it where they are given. */
export interface Ending {
  /** 0, or a positive errno. */
  readonly errno: number
  readonly signal?: 'SIGBUS' | 'SIGSEGV'
  /** It waits, and does not restart. */
  readonly blocked?: true
  /** It restarts for ever. */
  readonly livelock?: true
  readonly signalCode?: number
  readonly value?: number
  readonly result?: number
  readonly features?: number
  readonly bytes?: number
  readonly walkEnd?: Address
}

/** An expected message: of this event, and with the given fields. */
export interface MessagePattern {
  readonly event: Message['event']
  readonly start?: Address
  readonly end?: Address
  readonly flags?: number
  readonly thread?: string
  /** Bytes (remap). */
  readonly length?: number
  /** State of the page at the fault, as {@link formatPageState} spells it. */
  readonly state?: string
}

/** An expected region of PAGEMAP_SCAN's answer. */
export interface RegionPattern {
  readonly start: Address
  readonly end: Address
  readonly categories: number
}

/** What may happen. A list, where given, is the whole list in its order. */
export interface Expectation extends Ending {
  /** Memory types it holds for; all where absent. */
  readonly memories?: readonly Memory[]
  readonly messages?: readonly MessagePattern[]
  readonly finished?: readonly { readonly thread: string; readonly ending: Ending }[]
  readonly pages?: readonly PagePattern[]
  readonly regions?: readonly RegionPattern[]
}

/** Whether an outcome is as expected. Places in the expectation need `map`; without it none of them matches. */
export function matches(expectation: Expectation, outcome: Outcome, map: AddressMap = NO_REGIONS): boolean {
  const { messages, finished, pages, regions } = expectation
  return (
    matchesEnding(expectation, outcome, map) &&
    (messages === undefined || matchesList(messages, outcome.messages, (want, got) => matchesMessage(want, got, map))) &&
    (finished === undefined ||
      matchesList(finished, outcome.finished, (want, got) => want.thread === got.thread && matchesEnding(want.ending, got.outcome, map))) &&
    (pages === undefined || matchesPages(pages, outcome.pages ?? [])) &&
    (regions === undefined || matchesList(regions, outcome.regions, (want, got) => matchesRegion(want, got, map)))
  )
}

function matchesList<W, G>(want: readonly W[], got: readonly G[] | undefined, one: (want: W, got: G) => boolean): boolean {
  return want.length === (got?.length ?? 0) && want.every((item, index) => one(item, got![index]!))
}

/** Whether two values agree, where one is wanted. */
function agrees<T>(want: T | undefined, got: T | undefined): boolean {
  return want === undefined || want === got
}

function isAt(want: Address | undefined, got: number | undefined, map: AddressMap): boolean {
  if (want === undefined) return true
  return got !== undefined && (typeof want === 'number' ? want : map.addressOf(want)) === got
}

function matchesEnding(want: Ending, got: Outcome, map: AddressMap): boolean {
  const livelock = got.livelock ?? false
  return (
    want.errno === got.errno &&
    want.signal === got.signal &&
    (want.livelock ?? false) === livelock &&
    (want.blocked ?? false) === ((got.blocked ?? false) && !livelock) &&
    agrees(want.signalCode, got.signalCode) &&
    agrees(want.value, got.value) &&
    agrees(want.result, got.result) &&
    agrees(want.features, got.features) &&
    agrees(want.bytes, got.bytes) &&
    isAt(want.walkEnd, got.walkEnd, map)
  )
}

function matchesMessage(want: MessagePattern, got: Message, map: AddressMap): boolean {
  return (
    want.event === got.event &&
    isAt(want.start, got.address, map) &&
    isAt(want.end, got.end, map) &&
    agrees(want.flags, got.flags ?? 0) &&
    agrees(want.thread, got.thread) &&
    agrees(want.length, got.length) &&
    agrees(want.state, got.state === undefined ? undefined : formatPageState(got.state))
  )
}

function matchesRegion(want: RegionPattern, got: ScanRegion, map: AddressMap): boolean {
  return isAt(want.start, got.start, map) && isAt(want.end, got.end, map) && want.categories === got.categories
}

/** The expectation that an outcome meets in all it says: for recordings, and to print outcomes. */
export function expectationOf(outcome: Outcome, map: AddressMap = NO_REGIONS): Expectation {
  const { messages, finished, pages, regions } = outcome
  return {
    ...endingOf(outcome, map),
    ...(messages && { messages: messages.map((message) => messagePattern(message, map)) }),
    ...(finished && { finished: finished.map((item) => ({ thread: item.thread, ending: endingOf(item.outcome, map) })) }),
    ...(pages && { pages: patternsOf(pages) }),
    ...(regions && { regions: regions.map((region) => regionPattern(region, map)) }),
  }
}

function endingOf(outcome: Outcome, map: AddressMap): Ending {
  const { errno, signal, signalCode, value, result, features, bytes, walkEnd } = outcome
  return defined({
    errno,
    signal,
    blocked: outcome.blocked && !outcome.livelock ? true : undefined,
    livelock: outcome.livelock ? true : undefined,
    signalCode,
    value,
    result,
    features,
    bytes,
    // The end of a walk is also the end of the region: named from the page before it.
    walkEnd: walkEnd === undefined ? undefined : address(walkEnd, map, map.placeOf(walkEnd - 1)?.region),
  })
}

function messagePattern(message: Message, map: AddressMap): MessagePattern {
  const { event, flags, thread, length, state } = message
  const place = event === 'fork' ? {} : span(message.address, message.end, map, event === 'remap')
  return defined({ event, ...place, flags, thread, length, state: state === undefined ? undefined : formatPageState(state) })
}

function regionPattern({ start, end, categories }: ScanRegion, map: AddressMap): RegionPattern {
  const from = address(start, map)
  return { start: from, end: address(end, map, typeof from === 'number' ? undefined : from.region), categories }
}

function address(bytes: number, map: AddressMap, region?: string): Address {
  return map.placeOf(bytes, region) ?? bytes
}

function span(start: number, end: number | undefined, map: AddressMap, endIsElsewhere = false): { start: Address; end?: Address } {
  const from = address(start, map)
  if (end === undefined) return { start: from }
  // The end of a range is named in the region of its start, though another region may begin there.
  const region = typeof from === 'number' || endIsElsewhere ? undefined : from.region
  return { start: from, end: address(end, map, region) }
}

/** The fields that are there. */
function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, content]) => content !== undefined)) as T
}

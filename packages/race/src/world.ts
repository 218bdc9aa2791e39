/**
 * The machine that a race runs on: a composed kernel with a TLB for each CPU, the locks, and a book of what was stored.
 * @module
 */
import { composeKernel } from '@faultline/designs'
import { type AddressSpace, access, type ComposedKernel, ModelSession } from '@faultline/mm'
import { type Design, PAGE_PRESENT, PAGE_RW, PAGE_UFFD_WP } from '@faultline/mm-types'
import { ptePfn, TLB_WRITE } from '@faultline/pagetable-core'
import { printOperation } from '@faultline/program'
import type { CompiledRace } from './compile.ts'
import { Locks } from './locks.ts'
import { type SteppedAnon, steppedAnon } from './stepped-anon.ts'

/** One path through the levels, and some to spare. */
const MOST_TABLES = 15

/** A design that cannot do what a race needs. */
export class UnsupportedRaceError extends Error {
  override readonly name = 'UnsupportedRaceError'
}

/** One run of a race, from its setup on. */
export class RaceWorld {
  readonly composed: ComposedKernel
  readonly session: ModelSession
  readonly mm: AddressSpace
  readonly vpn: number
  readonly locks = new Locks()
  readonly anon: SteppedAnon = steppedAnon()
  /** Threads that were woken and have not run since. */
  readonly woken = new Set<string>()
  /** Words that have been stored. */
  stored = 0
  /** Words that were stored to a protected page without an event. */
  unseen = 0
  /** A protection is complete, and no end of one has begun since. */
  isProtected = false
  /** Ends of a protection that have begun. */
  nrUnprotects = 0
  /** Which of its operations each CPU is at. */
  readonly places: number[] = []
  private readonly frameNames = new Map<number, string>()
  private readonly nrCpus: number
  private said: string[] = []

  /** @throws UnsupportedRaceError when the setup fails */
  constructor({ race, setup, programs }: CompiledRace, design: Design) {
    this.nrCpus = programs.length
    if (!design.softDirty && programs.flat().some(({ op }) => op === 'clear_refs'))
      throw new UnsupportedRaceError('it has no soft-dirty bits')
    this.composed = composeKernel(design, { cpus: this.nrCpus, anon: this.anon, limits: { tables: MOST_TABLES } })
    this.session = new ModelSession(design.name, this.composed)
    for (const operation of setup) {
      const outcome = this.session.perform(operation)
      if (outcome.errno || outcome.signal || outcome.blocked) throw new UnsupportedRaceError(`it refuses ${printOperation(operation)}`)
    }
    const store = programs.flat().find((operation) => operation.op === 'write')
    if (store === undefined) throw new Error(`${race.name}: no CPU stores anything`)
    this.mm = this.session.mm({})
    this.vpn = this.session.bindings.address(store.at) / 4096
    this.frameNames.set(this.frame(), 'p')
    if (race.isHeld) this.composed.kernel.machine.frames.get(this.frame())
    race.cpus.forEach(({ hasEntry }, cpu) => void (hasEntry && this.warm(cpu)))
    this.anon.isStepping = true
  }

  /** Adds to what the present step is described as. */
  say(text: string): void {
    this.said.push(text)
  }

  /** The description of the step that has just been taken. */
  takeSaid(): string {
    return this.said.splice(0).join('; ')
  }

  /** A new frame of the page gets a name that does not depend on when it was allocated. */
  nameFrame(pfn: number, name: string): void {
    this.frameNames.set(pfn, name)
  }

  /** The name that a frame was given, else its number. */
  nameOf(pfn: number): string {
    return this.frameNames.get(pfn) ?? `frame ${pfn}`
  }

  /** A word is stored in a frame. */
  store(pfn: number, word: number): void {
    const { frames } = this.composed.kernel.machine
    frames.setStamp(pfn, frames.stamp(pfn) | word)
    this.stored |= word
    if (this.isProtected) this.unseen |= word
  }

  /** Words that have been stored and are not in the page that the tables lead to. */
  lost(): number {
    return this.stored & ~this.composed.kernel.machine.frames.stamp(this.frame())
  }

  /** The entry, in words: `p rw`, `p ro wp`. */
  pteText(): string {
    const { lo } = this.pte()
    return `${this.nameOf(this.frame())} ${lo & PAGE_RW ? 'rw' : 'ro'}${lo & PAGE_UFFD_WP ? ' wp' : ''}`
  }

  /** The page's translation in the TLB of each CPU, `-` for none. */
  tlbTexts(): string[] {
    return this.composed.kernel.tlbs.map((tlb) => {
      const at = tlb.find(this.mm.id, this.vpn)
      return at < 0 ? '-' : `${this.nameOf(tlb.pfns[at])} ${tlb.rights[at] === TLB_WRITE ? 'rw' : 'ro'}`
    })
  }

  /** Everything that later steps can depend on, beside what the threads have seen. */
  key(): string {
    const { frames } = this.composed.kernel.machine
    const contents = [...this.frameNames].map(
      ([pfn, name]) => `${name}=${frames.stamp(pfn)},${frames.mapcount(pfn)},${frames.field(pfn, 0)}`,
    )
    const book = [this.stored, this.unseen, this.isProtected, this.nrUnprotects, [...this.woken].sort(), this.places]
    return [this.pte().lo & 0xfff, this.pteText(), this.tlbTexts(), contents.sort(), this.locks.key(), this.mm.flushesPending, book].join(
      ' ',
    )
  }

  /** The two words of the entry that is raced over. */
  pte(): { readonly lo: number; readonly hi: number } {
    const { tables } = this.composed.kernel.machine
    const table = tables.pteTable(this.mm.pgd, this.vpn)
    const at = tables.base(table) + (this.vpn & 511)
    const lo = tables.lo(table)[at]
    if ((lo & PAGE_PRESENT) === 0) throw new Error('the page of a race has gone')
    return { lo, hi: tables.hi(table)[at] }
  }

  private frame(): number {
    const { lo, hi } = this.pte()
    return ptePfn(lo, hi)
  }

  /** A store that changes nothing leaves a writable translation. */
  private warm(cpu: number): void {
    const stamp = this.composed.kernel.machine.frames.stamp(this.frame())
    access(this.mm, this.vpn, true, { cpu, thread: `cpu${cpu}`, user: true, stays: true, byte: 0, stamp })
  }
}

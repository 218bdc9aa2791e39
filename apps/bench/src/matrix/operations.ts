/**
 * The recorder's states and operations, in the operation language.
 * @module
 */
import { EINVAL } from '@faultline/mm-types'
import {
  formatPageState,
  type Memory,
  type Operation,
  type Outcome,
  place,
  range,
  STATE_PRESENT,
  type SyncSession,
} from '@faultline/program'

/** Operations that are one system call on the first page, by the recorder's name. */
const SIMPLE: Readonly<Record<string, Operation>> = {
  wp1: { op: 'writeprotect', uffd: 'u', range: range('A', 0, 1), mode: 1 },
  wp0: { op: 'writeprotect', uffd: 'u', range: range('A', 0, 1), mode: 0 },
  dontneed: { op: 'madvise', range: range('A', 0, 1), advice: 'dontneed' },
  free: { op: 'madvise', range: range('A', 0, 1), advice: 'free' },
  pageout: { op: 'madvise', range: range('A', 0, 1), advice: 'pageout' },
  remove: { op: 'madvise', range: range('A', 0, 1), advice: 'remove' },
  guardinst: { op: 'madvise', range: range('A', 0, 1), advice: 'guard_install' },
  guardrem: { op: 'madvise', range: range('A', 0, 1), advice: 'guard_remove' },
  popread: { op: 'madvise', range: range('A', 0, 1), advice: 'populate_read' },
  popwrite: { op: 'madvise', range: range('A', 0, 1), advice: 'populate_write' },
  copy: { op: 'copy', uffd: 'u', range: range('A', 0, 1), mode: 0, value: 0x5a5a5a5a },
  copywp: { op: 'copy', uffd: 'u', range: range('A', 0, 1), mode: 2, value: 0x5a5a5a5a },
  zeropage: { op: 'zeropage', uffd: 'u', range: range('A', 0, 1), mode: 0 },
  continue: { op: 'continue', uffd: 'u', range: range('A', 0, 1), mode: 0 },
  continuewp: { op: 'continue', uffd: 'u', range: range('A', 0, 1), mode: 2 },
  poison: { op: 'poison', uffd: 'u', range: range('A', 0, 1), mode: 0 },
  wake: { op: 'wake', uffd: 'u', range: range('A', 0, 1), mode: 0 },
}

/** A page in another GiB than the window's regions. */
const FAR = 0x10100000

/** A cell while it is set up and run. */
export class CellOperations {
  /** Events and remarks, each followed by a space. */
  events = ''
  readonly pages: number
  private readonly session: SyncSession
  private readonly memory: Memory
  private readonly hugetlb: boolean

  private readonly atEdge: boolean
  private aliasGone = false

  /** @param atEdge what is mapped later lies in another GiB than A: its table of pmds is new */
  constructor(session: SyncSession, memory: Memory, atEdge: boolean) {
    this.session = session
    this.memory = memory
    this.atEdge = atEdge
    this.hugetlb = memory === 'hugetlb' || memory === 'hugetlb-private'
    this.pages = this.hugetlb ? 10 : 16
  }

  perform(operation: Operation): Outcome {
    return this.session.perform(operation)
  }

  /** A reservation with region A in it, and an alias of the file elsewhere. */
  map(): void {
    const { memory, hugetlb, pages } = this
    this.reserve('reservation', false)
    // The process's other memory: its tables are there already.
    this.perform({ op: 'mmap', region: 'elsewhere', pages: 1024, memory: 'anon', prot: 'rw' })
    this.perform({ op: 'write', at: place('elsewhere'), value: 1 })
    if (memory === 'anon') this.perform({ op: 'mmap', region: 'A', pages, memory, prot: 'rw', at: place('reservation') })
    else {
      this.perform(hugetlb ? { op: 'file', file: 'f', pages, hugeShift: 21 } : { op: 'file', file: 'f', pages })
      this.perform({ op: 'mmap', region: 'A', pages, memory, file: 'f', prot: 'rw', at: place('reservation') })
      if (hugetlb) this.perform({ op: 'mmap', region: 'alias', pages, memory: 'hugetlb', file: 'f', prot: 'rw' })
      else this.perform({ op: 'mmap', region: 'alias', pages, memory: 'shmem', file: 'f', prot: 'rw', at: place('elsewhere', 64) })
    }
    if (!hugetlb) this.perform({ op: 'madvise', range: range('A', 0, pages), advice: 'nohugepage' })
  }

  private reserve(region: string, far: boolean): void {
    const pages = this.pages * (this.hugetlb ? 512 : 1) + 1024
    this.perform({ op: 'mmap', region, pages, memory: 'anon', prot: '', ...(far ? { vpn: FAR } : {}) })
  }

  state(region: string, process?: string): number {
    const page = this.perform({ op: 'pagemap', range: range(region, 0, 1), process })
    return (page.pages as readonly number[])[0] as number
  }

  tables(): number {
    return this.perform({ op: 'status' }).bytes as number
  }

  private write(): void {
    this.perform({ op: 'write', at: place('A'), value: 3 })
  }

  /** States that must exist before the registration. */
  prepareLate(state: string): void {
    if (state.startsWith('written')) this.write()
    else if (state === 'readfault') this.perform({ op: 'read', at: place('A') })
    else if (state.startsWith('swapped') && !this.hugetlb) {
      this.write()
      this.swapOut()
    }
  }

  private swapOut(): boolean {
    if (this.memory === 'shmem') {
      this.perform({ op: 'munmap', range: range('alias', 0, this.pages) })
      this.aliasGone = true
    }
    this.perform({ op: 'madvise', range: range('A', 0, 1), advice: 'pageout' })
    return (this.state('A') & STATE_PRESENT) === 0
  }

  private protect(): number {
    return this.perform({ op: 'writeprotect', uffd: 'u', range: range('A', 0, 1), mode: 1 }).errno
  }

  /** @returns 0, or the errno of the step that was refused */
  makeState(state: string, late: boolean): number {
    if (late && /^(written|readfault|swapped)/.test(state)) return state.endsWith('_wp') ? this.protect() : 0
    switch (state) {
      case 'none':
        return 0
      case 'none_pt':
        this.perform({ op: 'write', at: place('A', 1), value: 1 })
        return 0
      case 'cache_only':
        this.perform({ op: 'write', at: place('alias'), value: 9 })
        return 0
      case 'cache_marker':
        this.perform({ op: 'write', at: place('alias'), value: 9 })
        return this.protect()
      case 'readfault':
        this.perform({ op: 'read', at: place('A') })
        return 0
      case 'written':
        this.write()
        return 0
      case 'written_wp':
        this.write()
        return this.protect()
      case 'swapped':
      case 'swapped_wp': {
        this.write()
        if (state === 'swapped_wp' && this.protect() !== 0) return 1
        return this.swapOut() ? 0 : 2
      }
      case 'marker_wp':
        return this.protect()
      case 'poison':
        return this.perform(SIMPLE.poison as Operation).errno
      case 'guard':
        return this.perform(SIMPLE.guardinst as Operation).errno
      case 'forkshared':
        this.write()
        this.perform({ op: 'fork', child: 'holder' })
        return 0
      default:
        return EINVAL
    }
  }

  /** @returns the errno, or undefined when the call never ends */
  operate(name: string): number | undefined {
    const simple = SIMPLE[name]
    if (simple !== undefined) {
      // The recorder's alarm ends calls that wait for an event: nobody reads while the call runs.
      if (name.startsWith('pop')) this.perform({ op: 'monitor', uffd: 'u', missing: 'none', wp: 'none', minor: 'none' })
      const outcome = this.perform(simple)
      return outcome.blocked ? undefined : outcome.errno
    }
    switch (name) {
      case 'read':
      case 'write':
        return this.access(name)
      case 'punch':
        return this.perform({ op: 'fallocate', file: 'f', page: 0, pages: 1, punch: true }).errno
      case 'trunc': {
        const { errno } = this.perform({ op: 'ftruncate', file: 'f', pages: 0 })
        this.perform({ op: 'ftruncate', file: 'f', pages: this.pages })
        return errno
      }
      case 'unreg':
        return this.perform({ op: 'unregister', uffd: 'u', range: range('A', 0, this.pages) }).errno
      case 'regmissing':
        return this.perform({ op: 'register', uffd: 'u', range: range('A', 0, this.pages), mode: 1 }).errno
      case 'close':
        return this.perform({ op: 'close', uffd: 'u' }).errno
      case 'mprotRO_RW':
      case 'mprotNONE_RW':
        return this.reprotect(name === 'mprotRO_RW' ? 'r' : '')
      case 'mremap':
      case 'mremap_dontunmap':
        return this.remap(name === 'mremap_dontunmap')
      case 'fork':
        return this.fork()
      case 'movedst':
        return this.moveIn()
      case 'movesrc':
      case 'movesrc_holes':
        return this.moveOut(name === 'movesrc_holes' ? 2 : 0)
      default:
        return EINVAL
    }
  }

  private access(name: 'read' | 'write'): number | undefined {
    const at = place('A')
    const outcome = this.perform(name === 'read' ? { op: 'read', at } : { op: 'write', at, value: 7 })
    for (const message of outcome.messages ?? []) {
      const flags = message.flags ?? 0
      const kind = flags & 2 ? 'EV_WP' : flags & 4 ? 'EV_MINOR' : 'EV_MISSING'
      this.events += `${kind}${flags & 1 ? ',W' : ''}()[${formatPageState(message.state ?? 0)}] `
    }
    if (outcome.livelock || outcome.blocked) return undefined
    if (outcome.signal) this.events += `${outcome.signal}(code${outcome.signalCode}) `
    return outcome.errno
  }

  private reprotect(prot: string): number {
    const whole = range('A', 0, this.pages)
    const { errno } = this.perform({ op: 'mprotect', range: whole, prot })
    return errno || this.perform({ op: 'mprotect', range: whole, prot: 'rw' }).errno
  }

  private remap(dontUnmap: boolean): number {
    const whole = range('A', 0, this.pages)
    if (!dontUnmap) this.reserve('q', this.atEdge)
    // Without an address the kernel takes the gap that an alias has left, if there is one.
    const to = dontUnmap ? (this.aliasGone ? { to: place('alias') } : {}) : { to: place('q') }
    const outcome = this.perform({
      op: 'mremap',
      range: whole,
      newPages: this.pages,
      region: 'new',
      mayMove: true,
      dontUnmap,
      ...to,
    })
    if (outcome.errno === 0) this.events += `new=[${formatPageState(this.state('new'))}] `
    return outcome.errno
  }

  private fork(): number {
    const { errno } = this.perform({ op: 'fork', child: 'child' })
    this.events += `child=[${formatPageState(this.state('A', 'child'))}] `
    this.perform({ op: 'exit', process: 'child' })
    return errno
  }

  private moveIn(): number {
    // A source page lies beside memory touched before; a source as long as a huge page has a table of its own.
    const at = this.hugetlb ? (this.atEdge ? { vpn: FAR } : {}) : { at: place('elsewhere', 2) }
    this.perform({ op: 'mmap', region: 's', pages: this.hugetlb ? 512 : 1, memory: 'anon', prot: 'rw', ...at })
    this.perform({ op: 'madvise', range: range('s', 0, this.hugetlb ? 512 : 1), advice: 'nohugepage' })
    this.perform({ op: 'write', at: place('s'), value: 4 })
    const { errno } = this.perform({ op: 'move', uffd: 'u', range: range('A', 0, 1), from: place('s'), mode: 0 })
    this.events += `src=[${formatPageState(this.state('s'))}] `
    return errno
  }

  private moveOut(mode: number): number {
    const { errno } = this.perform({ op: 'move', uffd: 'u', range: range('A', 8, 1), from: place('A'), mode })
    const page = this.perform({ op: 'pagemap', range: range('A', 8, 1) })
    this.events += `dst=[${formatPageState((page.pages as readonly number[])[0] as number)}] `
    return errno
  }
}

/** States the recorder knows. */
export const STATE_NAMES: readonly string[] = [
  'none',
  'none_pt',
  'cache_only',
  'cache_marker',
  'readfault',
  'written',
  'written_wp',
  'swapped',
  'swapped_wp',
  'marker_wp',
  'poison',
  'guard',
  'forkshared',
]

/** Operations the recorder knows; a cell may join several with `+`. */
export const OPERATION_NAMES: readonly string[] = [
  ...Object.keys(SIMPLE),
  'read',
  'write',
  'punch',
  'trunc',
  'unreg',
  'regmissing',
  'close',
  'mprotRO_RW',
  'mprotNONE_RW',
  'mremap',
  'mremap_dontunmap',
  'fork',
  'movedst',
  'movesrc',
  'movesrc_holes',
]

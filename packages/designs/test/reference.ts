/**
 * What memory must contain, kept without page tables: one value a page, an overlay for private copies.
 */
import { ENOMEM } from '@faultline/mm-types'
import type { Memory, Operation, Outcome, Range } from '@faultline/program'
import { memoryOf, REGIONS } from './random-program.ts'

interface PageView {
  mapped: boolean
  prot: string
  /** The private copy, where there is one. */
  own: number | undefined
}

/** Contents of every process's regions and of the file. */
export class Reference {
  private readonly memory: Memory
  private readonly pages: number
  private size: number
  private readonly file = new Map<number, number>()
  private readonly processes = new Map<string, Map<string, PageView[]>>()

  constructor(memory: Memory, pages: number) {
    this.memory = memory
    this.pages = pages
    this.size = pages
    const fresh = () => Array.from({ length: pages }, (): PageView => ({ mapped: true, prot: 'rw', own: undefined }))
    this.processes.set('main', new Map(REGIONS.map((region) => [region, fresh()])))
  }

  /** Checks an access and applies what an operation does to contents. @returns a complaint, or undefined */
  apply(operation: Operation, outcome: Outcome): string | undefined {
    const process = operation.process ?? 'main'
    switch (operation.op) {
      case 'read':
      case 'write': {
        const expected = this.access(process, operation)
        const got = outcome.signal ?? (outcome.value === undefined ? 'done' : String(outcome.value))
        return expected === got ? undefined : `expected ${expected}, got ${outcome.blocked ? 'blocked' : got}`
      }
      case 'madvise':
        if (operation.advice === 'dontneed' && !this.isShared(operation.range.at.region)) this.each(process, operation.range, drop)
        if (operation.advice === 'populate_write') this.populate(process, operation.range)
        // A hole in the range is told after everything that is mapped has been advised.
        if (operation.advice === 'remove' && (outcome.errno === 0 || outcome.errno === ENOMEM))
          this.each(process, operation.range, (_, page) => this.file.delete(page))
        return
      case 'fallocate':
        for (let page = operation.page; page < operation.page + operation.pages; page++) {
          this.file.delete(page)
          if (this.memory === 'hugetlb-private') this.dropPrivate(page)
        }
        return
      case 'ftruncate':
        this.size = operation.pages
        for (let page = operation.pages; page < this.pages; page++) {
          this.file.delete(page)
          if (this.memory !== 'anon') this.dropPrivate(page)
        }
        return
      case 'copy':
      case 'zeropage':
        if (outcome.errno === 0)
          this.store(process, operation.range.at.region, operation.range.at.page, operation.op === 'copy' ? operation.value : 0)
        return
      case 'mprotect':
        if (outcome.errno === 0) this.each(process, operation.range, (view) => (view.prot = operation.prot))
        else this.protectUpToHole(process, operation.range, operation.prot)
        return
      case 'munmap':
        this.each(process, operation.range, (view) => {
          view.mapped = false
          view.own = undefined
        })
        return
      case 'fork': {
        const parent = this.processes.get(process) as Map<string, PageView[]>
        this.processes.set(operation.child, new Map([...parent].map(([region, views]) => [region, views.map((view) => ({ ...view }))])))
        return
      }
      case 'exit':
        this.processes.delete(process)
        return
      default:
        return
    }
  }

  private isShared(region: string): boolean {
    const memory = memoryOf(region, this.memory)
    return memory === 'shmem' || memory === 'hugetlb'
  }

  private access(process: string, operation: Operation & { op: 'read' | 'write' }): string {
    const { region, page } = operation.at
    const view = this.view(process, region, page)
    if (!view.mapped || (operation.op === 'write' ? !view.prot.includes('w') : view.prot === '')) return 'SIGSEGV'
    // COPY fills a private huge page beyond the end of its file; only a fault looks at the size.
    if (this.memory !== 'anon' && page >= this.size && view.own === undefined) return 'SIGBUS'
    if (operation.op === 'read') return String(view.own ?? this.file.get(page) ?? 0)
    this.store(process, region, page, operation.value)
    return 'done'
  }

  private store(process: string, region: string, page: number, value: number): void {
    if (this.isShared(region)) this.file.set(page, value)
    else this.view(process, region, page).own = value
  }

  /** Gives a private mapping its copies, up to the first page that cannot be written. */
  private populate(process: string, range: Range): void {
    const { region, page: first } = range.at
    if (this.isShared(region)) return
    for (let page = first; page < first + range.pages; page++) {
      const view = this.view(process, region, page)
      if (!view.mapped || !view.prot.includes('w') || (this.memory !== 'anon' && page >= this.size && view.own === undefined)) return
      view.own ??= this.file.get(page) ?? 0
    }
  }

  private protectUpToHole(process: string, range: Range, prot: string): void {
    for (let page = range.at.page; page < range.at.page + range.pages; page++) {
      const view = this.view(process, range.at.region, page)
      if (!view.mapped) return
      view.prot = prot
    }
  }

  private dropPrivate(page: number): void {
    for (const regions of this.processes.values())
      for (const [region, views] of regions) if (!this.isShared(region)) views[page].own = undefined
  }

  private view(process: string, region: string, page: number): PageView {
    return (this.processes.get(process) as Map<string, PageView[]>).get(region)?.[page] as PageView
  }

  private each(process: string, range: Range, change: (view: PageView, page: number) => void): void {
    for (let page = range.at.page; page < range.at.page + range.pages; page++) {
      const view = this.view(process, range.at.region, page)
      if (view.mapped) change(view, page)
    }
  }
}

function drop(view: PageView): void {
  view.own = undefined
}

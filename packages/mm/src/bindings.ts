/**
 * What the names of a program stand for in a session: regions, files, userfaultfds, processes.
 * @module
 */
import { type Inode, PAGES_PER_PUD, type UffdContext, type UffdFaultMessage } from '@faultline/mm-types'
import type { MonitorOp, Place, Range } from '@faultline/program'
import { Names } from './names.ts'
import type { AddressSpace } from './objects.ts'

/** A named region: its first page and the size of its pages. */
export interface Region {
  readonly vpn: number
  readonly pageShift: number
}

/** A named userfaultfd, whose it is, and how its monitor answers. */
export interface NamedUffd {
  readonly context: UffdContext
  readonly mm: AddressSpace
  monitor: MonitorOp | null
  /** Messages of faults that the monitor has read and not answered, oldest first: `receive` hands them out. */
  readonly kept: UffdFaultMessage[]
}

/** First page of the window in which regions are placed: 1 TiB. */
const WINDOW = 0x10000000

/** All names of a session. */
export class Bindings {
  readonly regions = new Names<Region>('region', 'mmap')
  readonly files = new Names<Inode>('file', 'file')
  readonly uffds = new Names<NamedUffd>('userfaultfd', 'userfaultfd')
  readonly processes = new Names<AddressSpace>('process', 'fork')
  private nextFree = WINDOW

  constructor() {
    this.regions.set('@', { vpn: 0, pageShift: 12 })
  }

  /** First byte of a place. */
  address(at: Place): number {
    const region = this.region(at.region)
    return (region.vpn + at.page * (1 << (region.pageShift - 12))) * 4096 + at.byte
  }

  /** Length of a range in bytes. */
  length(range: Range): number {
    return range.pages * (1 << this.region(range.at.region).pageShift) + range.bytes
  }

  region(name: string): Region {
    return this.regions.get(name)
  }

  file(name: string): Inode {
    return this.files.get(name)
  }

  uffd(name: string): NamedUffd {
    return this.uffds.get(name)
  }

  process(name: string): AddressSpace {
    return this.processes.get(name)
  }

  /**
   * The next place of the window for a region: aligned to 2 MiB (or its page size), 2 MiB away from the one before. Hugetlb of a GiB and
   * more is aligned to a GiB, as its tables can only be shared there.
   */
  place(pages: number, pageShift: number): number {
    const gib = pageShift > 12 && pages >= PAGES_PER_PUD
    const alignment = gib ? PAGES_PER_PUD : Math.max(512, 2 ** (pageShift - 12))
    const vpn = Math.ceil(this.nextFree / alignment) * alignment
    this.nextFree = vpn + pages + 512
    return vpn
  }

  /** Name of the userfaultfd with this context. */
  uffdName(context: UffdContext): string | undefined {
    for (const [name, uffd] of this.uffds) if (uffd.context === context) return name
    return undefined
  }
}

/**
 * What programs need of a machine that not every machine has.
 * @module
 */
import { freeGiganticPages } from '@faultline/linux'
import { type Operation, place, range, STATE_SOFT_DIRTY, type System } from '@faultline/program'

/** Without it the kernel performs clear_refs and does nothing: a program that uses it shows nothing there. */
export function needsSoftDirty(operations: readonly { readonly op: Operation['op'] }[]): boolean {
  return operations.some(({ op }) => op === 'clear_refs')
}

/** Pages of 1 GiB that a program maps. */
export function giganticPagesOf(operations: readonly { readonly op: Operation['op'] }[]): number {
  let pages = 0
  for (const operation of operations as readonly Operation[]) {
    if ((operation.op === 'mmap' || operation.op === 'file') && operation.hugeShift === 30) pages += operation.pages
  }
  return pages
}

/** The same in a virtual machine, which has none of these pages. */
export function lacksGuestMemory(operations: readonly Operation[]): string | undefined {
  return giganticPagesOf(operations) > 0 ? 'it maps pages of 1 GiB, and the virtual machine has a GiB of memory in all' : undefined
}

/** Why a machine has no memory for a program, or undefined. */
export function lacksMemory(operations: readonly Operation[]): string | undefined {
  const needed = giganticPagesOf(operations)
  const free = freeGiganticPages()
  if (free >= needed) return undefined
  return `it maps ${needed} pages of 1 GiB, and the pool of the machine has ${free}: set /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages soon after the machine starts`
}

/** Whether a kernel is built with CONFIG_MEM_SOFT_DIRTY: a page just written says so. */
export async function hasSoftDirty(system: System): Promise<boolean> {
  const session = await system.open()
  try {
    await session.perform({ op: 'mmap', region: 'A', pages: 1, memory: 'anon', prot: 'rw' })
    await session.perform({ op: 'write', at: place('A'), value: 1 })
    const { pages } = await session.perform({ op: 'pagemap', range: range('A', 0, 1) })
    return ((pages?.[0] ?? 0) & STATE_SOFT_DIRTY) !== 0
  } finally {
    await session.close()
  }
}

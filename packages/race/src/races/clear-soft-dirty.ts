import type { Race } from '../race.ts'

/** The same of soft-dirty tracking. */
export const clearSoftDirty: Race = {
  name: 'clear-soft-dirty',
  title: 'soft-dirty bits cleared beside a fault',
  text: `CPU 0 writes 4 to clear_refs, which takes the right to write from the page and flushes when it has been through all of them. No userfaultfd
watches, so that the flush in the write fault does not help; what did was to keep faults out: clear_refs holds mmap_lock for writing.`,
  source: 'the same thread; mended by 29a951dfb3c3 (5.11-rc3)',
  setup: `mmap A 1 anon rw
write A 0x100`,
  isHeld: true,
  cpus: [{ program: 'clear_refs' }, { program: 'write A 1' }, { program: 'write A 2', hasEntry: true }],
}

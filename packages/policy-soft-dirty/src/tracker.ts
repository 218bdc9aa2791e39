import type { TrackerPolicy } from '@faultline/mm-types'

/** Every write fault marks its entry; /proc/pid/pagemap shows the marks, /proc/pid/clear_refs takes them away. */
export const softDirtyTracker: TrackerPolicy = {
  name: 'soft-dirty',
  mechanism: 'soft-dirty',
  source: 'Linux 3.11 /proc/pid/clear_refs, /proc/pid/pagemap bit 55',
}

/**
 * The sentence that explains a row: from what the judge saw happen to lost pages and from the design's choices, never
 * from its name.
 * @module
 */
import { type Design, VM_SHARED, VM_UFFD_WP } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import { count } from './grid.ts'

/** The figures an explanation is made of. */
export interface Explained {
  readonly lost: number
  readonly spurious: number
  readonly pagesWritten: number
  /** Lost pages by the judge's words, which end in `when armed`, `after arming` or `after the write`. */
  readonly lostByCause: Readonly<Record<string, number>>
  readonly steps: number
  readonly messages: number
  readonly signals: number
  readonly pageTableBytes: number
}

/** One sentence on why a design's row is as it is, beside the oracle's. */
export function explain(design: Design, memory: Memory, row: Explained, ideal: Explained): string {
  if (design.tracker.mechanism === 'ideal')
    return `the oracle is told of every store: it reports the ${pages(row.pagesWritten)} written and no other.`
  const parts = [row.lost > 0 ? losses(design, memory, row) : keeps(design, memory, row)]
  if (row.spurious > 0) parts.push(`reports ${pages(row.spurious)} that nothing wrote`)
  parts.push(costs(row, ideal))
  return `${parts.join('; ')}.`
}

/** Causes with the same reason are told together, the most frequent first. */
function losses(design: Design, memory: Memory, row: Explained): string {
  const byReason = new Map<string, (readonly [string, number])[]>()
  for (const [cause, lost] of Object.entries(row.lostByCause).sort(([, a], [, b]) => b - a)) {
    const reason = reasonOf(cause, design, memory)
    byReason.set(reason, [...(byReason.get(reason) ?? []), [cause, lost]])
  }
  const told = [...byReason].map(([reason, causes]) => `${reason} (${listCauses(causes)})`)
  return `loses ${count(row.lost)} of ${pages(row.pagesWritten)} written: ${told.join(', ')}`
}

const NAMED_CAUSES = 3

function listCauses(causes: readonly (readonly [string, number])[]): string {
  const named = causes.slice(0, NAMED_CAUSES).map(([cause, lost]) => `${count(lost)} ${cause}`)
  const others = causes.slice(NAMED_CAUSES).reduce((sum, [, lost]) => sum + lost, 0)
  return [...named, ...(others > 0 ? [`${count(others)} otherwise`] : [])].join(', ')
}

/** Trackers that ask no userfaultfd: what keeps or loses a write has nothing to do with how memory is armed for one. */
interface OtherTracker {
  readonly loses: (memory: Memory) => string
  readonly keeps: string
}

const OTHER_TRACKERS: Readonly<Partial<Record<Design['tracker']['mechanism'], OtherTracker>>> = {
  'soft-dirty': {
    loses: (memory) => (memory.startsWith('hugetlb') ? 'hugetlb entries have no soft-dirty bit' : 'the soft-dirty bit dies with its entry'),
    keeps: 'every write leaves its bit in an entry that outlives the epoch',
  },
  mprotect: {
    loses: () => 'its rights were changed by somebody else',
    keeps: 'the rights are those of the mapping, whatever becomes of its pages',
  },
}

/** What in the design lets a write go unseen after this happened to its page. */
function reasonOf(cause: string, design: Design, memory: Memory): string {
  const other = OTHER_TRACKERS[design.tracker.mechanism]
  if (other !== undefined) return other.loses(memory)
  if (cause.endsWith('after the write')) return `tracker “${design.tracker.name}” finds no entry left to tell it of the write`
  const isEmpty = cause === 'unpopulated when armed' || (isFile(memory) && cause.endsWith('when armed'))
  const gap = isEmpty ? armingGap(design, memory) : keepingGap(design, memory)
  if (gap !== undefined) return gap
  return cause.includes('collapsed') ? `collapse “${design.collapse.name}” loses it` : 'none of its choices accounts for it'
}

/** Why an entry that is empty when it is armed stays unprotected; undefined when it does not. */
function armingGap(design: Design, memory: Memory): string | undefined {
  const arming = armingOf(design, memory)
  if (arming.populates || arming.noneIsArmed) return undefined
  if (!arming.needsTable) return `arming “${arming.name}” leaves what is not there unprotected`
  return design.encoding.bits === 0 ? noMarkers(design) : undefined
}

/** Why the protection of an entry dies with it; undefined when it does not, as that of swapped-out private pages. */
function keepingGap(design: Design, memory: Memory): string | undefined {
  if (!isFile(memory)) return undefined
  if (design.encoding.bits === 0) return noMarkers(design)
  if (design.zap.keepsUffdWp(VM_UFFD_WP | VM_SHARED, 0)) return undefined
  return `zap “${design.zap.name}” drops the protection with the entry`
}

function noMarkers(design: Design): string {
  return `marker encoding “${design.encoding.name}” keeps nothing where no page is mapped`
}

function keeps(design: Design, memory: Memory, row: Explained): string {
  const none = `loses none of ${pages(row.pagesWritten)} written`
  const other = OTHER_TRACKERS[design.tracker.mechanism]
  if (other !== undefined) return `${none}: ${other.keeps}`
  const gap = armingGap(design, memory) ?? keepingGap(design, memory)
  if (gap !== undefined) return `${none}, as the trace writes to no page that it fails to protect: ${gap}`
  const arming = armingOf(design, memory)
  const marker = arming.populates || arming.noneIsArmed ? arming.name : design.encoding.name
  if (!isFile(memory)) return `${none}: “${marker}” protects what is not there`
  if (arming.populates) return `${none}: “${marker}” protects what is not there, “${design.encoding.name}” what is unmapped`
  return `${none}: “${marker}” protects what is not there and what is unmapped`
}

function isFile(memory: Memory): boolean {
  return memory !== 'anon'
}

/** The arming that holds for a mapping of this memory, the feature for unpopulated memory asked for where it exists. */
function armingOf(design: Design, memory: Memory): Design['arming']['anon'] {
  if (isFile(memory)) return design.arming.file
  const { anon, anonUnpopulated, unpopulatedFeatures } = design.arming
  return (design.uffd.features & unpopulatedFeatures) === 0 ? anon : anonUnpopulated
}

function costs(row: Explained, ideal: Explained): string {
  const parts = [`${(row.steps / Math.max(ideal.steps, 1)).toFixed(2)}× the oracle’s steps`]
  if (row.messages > 0) parts.push(`${count(row.messages)} ${row.messages === 1 ? 'message' : 'messages'} to answer`)
  const signals = row.signals - ideal.signals
  if (signals > 0) parts.push(`${count(signals)} ${signals === 1 ? 'signal' : 'signals'} to handle`)
  const more = Math.round((row.pageTableBytes - ideal.pageTableBytes) / 1024)
  if (more > 0) parts.push(`${count(more)} KiB more page tables`)
  return parts.join(', ')
}

function pages(number: number): string {
  return `${count(number)} ${number === 1 ? 'page' : 'pages'}`
}

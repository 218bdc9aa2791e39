/**
 * Answers in words.
 * @module
 */
import type { Question, Refusal, Reply, Way } from '@faultline/conformance'

const CALLS: Readonly<Record<string, string>> = {
  userfaultfd: 'userfaultfd()',
  api: 'UFFDIO_API',
  register: 'UFFDIO_REGISTER',
  writeprotect: 'UFFDIO_WRITEPROTECT',
  copy: 'UFFDIO_COPY',
  zeropage: 'UFFDIO_ZEROPAGE',
  continue: 'UFFDIO_CONTINUE',
  poison: 'UFFDIO_POISON',
  move: 'UFFDIO_MOVE',
  scan: 'PAGEMAP_SCAN',
  mlock: 'mlock()',
  mremap: 'mremap()',
  munmap: 'munmap()',
  madvise: 'madvise()',
}

/** What a way asks for, and what the kernel must be built with. */
export function needsOf(question: Question, { opener, features }: Way): string[] {
  const needs = features.map(featureName)
  if (opener === 'user mode only') needs.push('UFFD_USER_MODE_ONLY')
  if (opener === 'device' && !question.device) needs.push('/dev/userfaultfd')
  if (question.softDirty) needs.push('CONFIG_MEM_SOFT_DIRTY')
  return needs
}

/** What a thing that is needed is. */
export function explained(need: string): string {
  if (need === 'UFFD_USER_MODE_ONLY')
    return `${need} is a flag of userfaultfd(): accesses by the kernel itself then fail instead of waiting`
  if (need === '/dev/userfaultfd') return `${need} makes userfaultfds by its ioctl USERFAULTFD_IOC_NEW`
  if (need.startsWith('CONFIG_')) return `${need} is how the kernel has to be built`
  return `${need} is a feature to ask for in UFFDIO_API`
}

/** How the ways that lead nowhere end; what ends as one did that asked for less is not said again. */
export function refusalsOf({ refusals }: Reply): string[] {
  const said = new Map<string, string>()
  for (const refusal of refusals) {
    const text = ending(refusal, refusal.way)
    if (!said.has(text)) said.set(text, text + askingFor(refusal))
  }
  return [...said.values()]
}

function askingFor({ way, operation }: Refusal): string {
  // Who gets no userfaultfd has not come to ask it for features.
  const asked = operation.startsWith('userfaultfd ') ? [] : way.features.map(featureName)
  if (way.opener === 'user mode only') asked.push('UFFD_USER_MODE_ONLY')
  return asked.length === 0 ? '' : ` (asking for ${asked.join(', ')})`
}

function ending({ operation, expected, got, errno }: Refusal, { opener }: Way): string {
  const word = operation.replace(/^[^ ]*: /, '').split(' ')[0]!
  if (errno !== 0) {
    const call = word === 'userfaultfd' && opener === 'device' ? 'opening /dev/userfaultfd' : (CALLS[word] ?? word)
    return `${call} fails with ${got.split(' ')[0]}`
  }
  if (expected.startsWith('blocked')) return `every call succeeds, but the ${word} goes through and nobody is told`
  if (word === 'pagemap') return `the page is never ${expected.includes('soft-dirty') ? 'shown as soft-dirty' : expected}`
  return `${word} ends with "${got}", not with "${expected}"`
}

function featureName(feature: string): string {
  return `UFFD_FEATURE_${feature.toUpperCase()}`
}

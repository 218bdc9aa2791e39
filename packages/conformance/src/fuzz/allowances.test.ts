import { range } from '@faultline/program'
import { expect, test } from 'vitest'
import { Leniency } from './allowances.ts'

const PAGES = { field: 'pages', a: 'page 1: present anon excl (21)', b: 'page 1: none (0)' }
const READ = { op: 'receive', uffd: 'u' } as const
const REMOVED = { event: 'remove', address: 0, end: 4096 } as const

function removal(advice: 'dontneed' | 'remove'): Leniency {
  const leniency = new Leniency({ inAnyOrder: false, reclaims: false })
  leniency.note({ op: 'madvise', range: range('A', 0, 8), advice }, { errno: 0, blocked: true })
  return leniency
}

test('a removal that waits for its second event may leave translations behind', () => {
  const leniency = removal('dontneed')
  expect(leniency.allows(PAGES)).toBeUndefined()
  leniency.note(READ, { errno: 0, messages: [REMOVED] })
  expect(leniency.allows(PAGES)?.name).toBe('stale-translation')
  expect(leniency.allows({ field: 'errno', a: '0', b: '11' })).toBeUndefined()
})

test('a removal that has ended has flushed, and a hole is punched without a delay', () => {
  const ended = removal('dontneed')
  ended.note(READ, { errno: 0, messages: [REMOVED], finished: [{ thread: 'main.main', outcome: { errno: 0 } }] })
  expect(ended.allows(PAGES)).toBeUndefined()
  const punched = removal('remove')
  punched.note(READ, { errno: 0, messages: [REMOVED] })
  expect(punched.allows(PAGES)).toBeUndefined()
})

test('the order of threads is let pass only where they run in any order', () => {
  const woken = { errno: 0, finished: ['main.t1', 'main.t2'].map((thread) => ({ thread, outcome: { errno: 0 } })) }
  const wake = { op: 'wake', uffd: 'u', range: range('A', 0, 1), mode: 0 } as const
  for (const inAnyOrder of [true, false]) {
    const leniency = new Leniency({ inAnyOrder, reclaims: false })
    leniency.note(wake, woken)
    expect(leniency.allows({ field: 'value', a: '1', b: '2' })?.name).toBe(inAnyOrder ? 'wake-order' : undefined)
  }
})

test('a page that was freed lazily may be gone on a running kernel, until somebody pages it out', () => {
  const after = (reclaims: boolean, ...advice: readonly ('free' | 'pageout')[]): Leniency => {
    const leniency = new Leniency({ inAnyOrder: false, reclaims })
    for (const each of advice) leniency.note({ op: 'madvise', range: range('A', 0, 1), advice: each }, { errno: 0 })
    return leniency
  }
  expect(after(true, 'free').allows(PAGES)?.name).toBe('lazy-free')
  expect(after(true).allows(PAGES)).toBeUndefined()
  expect(after(false, 'free').allows(PAGES)).toBeUndefined()
  expect(after(true, 'free', 'pageout').allows(PAGES)).toBeUndefined()
  expect(after(true, 'free').allows({ ...PAGES, a: PAGES.b, b: PAGES.a })).toBeUndefined()
  expect(after(true, 'free').allows({ ...PAGES, b: 'page 1: swap (2)' })).toBeUndefined()
})

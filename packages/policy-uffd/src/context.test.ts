import {
  EINVAL,
  UFFD_API,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_UNPOPULATED,
  type UffdMessage,
  type UffdSupport,
} from '@faultline/mm-types'
import { describe, expect, test } from 'vitest'
import { type QueuedEvent, type RunQueue, Userfaultfd } from './context.ts'
import { handshake } from './handshake.ts'
import { validateRange } from './ranges.ts'
import { type UnreadFault, UnreadFaults } from './unread.ts'
import { type Waiter, Waiters } from './waiters.ts'

const support = { features: 0x1ffff } as UffdSupport
const message = (page: number): UffdMessage => ({
  event: 'pagefault',
  flags: 0,
  address: page * 4096 + 5,
  end: 0,
  length: 0,
  thread: '',
  child: null,
})
const waiter = (thread: string, page: number): Waiter => ({ message: message(page), thread, isWoken: false })

/** A userfaultfd that threads have sent messages to, from pages. */
function opened(...faults: [waiter: string, page: number][]): { context: Userfaultfd; runQueue: RunQueue } {
  const runQueue: RunQueue = []
  const context = new Userfaultfd(7, true, runQueue)
  for (const [waiter, page] of faults) Object.assign(context.pending.add(), { waiter, address: page * 4096 + 5 })
  return { context, runQueue }
}

describe('the handshake', () => {
  test('agrees once, on the features asked for', () => {
    const { context } = opened()
    expect([context.ready, context.has(UFFD_FEATURE_SIGBUS), context.features]).toEqual([false, false, -1])
    expect(handshake(context, support, UFFD_API, UFFD_FEATURE_SIGBUS)).toBe(support.features)
    expect([context.ready, context.features, context.sigbus, context.wpAsync]).toEqual([true, UFFD_FEATURE_SIGBUS, true, false])
    expect(handshake(context, support, UFFD_API, 0)).toBe(-EINVAL)
    expect(context.features).toBe(UFFD_FEATURE_SIGBUS)
  })

  test('asking for nothing is an agreement too', () => {
    const { context } = opened()
    expect(handshake(context, support, UFFD_API, 0)).toBe(support.features)
    expect([context.ready, context.sigbus, context.wpAsync]).toEqual([true, false, false])
  })

  test('asynchronous protection holds where nothing is populated', () => {
    const { context } = opened()
    handshake(context, support, UFFD_API, UFFD_FEATURE_WP_ASYNC)
    expect(context.features).toBe(UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED)
    expect([context.wpAsync, context.sigbus]).toEqual([true, false])
  })

  test.each([
    ['another version', 0xab, 0],
    ['a feature that is not offered', UFFD_API, 0x20000],
    ['a feature above 32 bits', UFFD_API, 2 ** 40],
  ])('refuses %s, and can be tried again', (_, version, features) => {
    const { context } = opened()
    expect(handshake(context, support, version, features)).toBe(-EINVAL)
    expect(context.ready).toBe(false)
    expect(handshake(context, support, UFFD_API, 0)).toBe(support.features)
  })
})

describe('waiting threads', () => {
  test('are read in the order in which they came, and wait on', () => {
    const { context, runQueue } = opened(['a', 1], ['b', 2])
    expect(context.readFault()?.thread).toBe('a')
    expect(context.served.list().map(({ thread }) => thread)).toEqual(['a'])
    expect(context.pending.list().map(({ waiter }) => waiter)).toEqual(['b'])
    expect([context.readFault()?.thread, context.readFault(), runQueue]).toEqual(['b', undefined, []])
    expect(context.served.list().map(({ thread }) => thread)).toEqual(['a', 'b'])
  })

  test('that wait no more are read once and kept nowhere', () => {
    const { context, runQueue } = opened(['', 1], ['', 2])
    expect(context.readFault()?.message.address).toBe(4101)
    expect([context.served.length, context.pending.length]).toEqual([0, 1])
    context.wake(0, 9)
    expect([context.pending.length, runQueue]).toEqual([0, []])
  })

  test('have messages of their own when they are read to be kept, and one in turn when not', () => {
    const { context } = opened(['a', 1], ['', 2], ['', 3])
    const kept = context.readMessage()
    const lent = context.readMessage()
    expect([kept?.address, lent?.address, context.readMessage()?.address]).toEqual([4101, 8197, 12293])
    expect(context.readMessage()).toBeUndefined()
    for (const page of [7, 8]) context.pending.add().address = page * 4096
    expect([kept?.address, lent?.address]).toEqual([4101, 8 * 4096])
    expect(context.served.list().map(({ thread, message }) => [thread, message === kept])).toEqual([['a', true]])
  })

  test('are woken by page, those with unread messages first, the last to come before the others', () => {
    const { context, runQueue } = opened(['a', 1], ['b', 2], ['c', 3], ['d', 3], ['e', 2])
    context.readFault()
    context.readFault()
    const [first, second] = context.served.list()
    context.wake(2, 3)
    expect(runQueue).toEqual(['e', 'b'])
    expect([first.isWoken, second.isWoken]).toEqual([false, true])
    expect(context.pending.list().map(({ waiter }) => waiter)).toEqual(['c', 'd'])
    context.wake(1, 4)
    expect(runQueue).toEqual(['e', 'b', 'd', 'c', 'a'])
    expect([context.pending.length, context.served.length]).toEqual([0, 0])
  })
})

test('a list of waiters says what an array would', () => {
  const waiters = new Waiters()
  let expected: string[] = []
  for (let step = 0; step < 2000; step++) {
    const choice = (step * 7919) % 5
    if (choice < 3) {
      waiters.push(waiter(`t${step}`, 0))
      expected.push(`t${step}`)
    } else if (choice === 3) expect(waiters.shift()?.thread).toBe(expected.shift())
    else if (expected.length > 0) {
      const i = step % expected.length
      expect([waiters.lastOf(expected[i]), waiters.lastOf('nobody')]).toEqual([i, -1])
      waiters.remove(i)
      expected = expected.filter((_, k) => k !== i)
    }
    if (step % 400 === 399) while (expected.length > 0) expect(waiters.shift()?.thread).toBe(expected.shift())
    expect(waiters.list().map(({ thread }) => thread)).toEqual(expected)
    expect(waiters.length).toBe(expected.length)
  }
  expect([waiters.shift()?.thread, waiters.lastOf('nobody')]).toEqual([expected.shift(), -1])
})

test('a list of unread faults says what an array would, and makes few objects', () => {
  const unread = new UnreadFaults()
  const objects = new Set<UnreadFault>()
  let expected: string[] = []
  for (let step = 0; step < 2000; step++) {
    const choice = (step * 7919) % 5
    if (choice < 3) {
      const fault = unread.add()
      fault.waiter = `t${step}`
      objects.add(fault)
      expected.push(`t${step}`)
    } else if (choice === 3) expect((step % 3 === 0 ? unread.take() : unread.shift())?.waiter).toBe(expected.shift())
    else if (expected.length > 0) {
      const i = step % expected.length
      expect([unread.lastOf(expected[i]), unread.lastOf('nobody'), unread.at(i).waiter]).toEqual([i, -1, expected[i]])
      unread.remove(i)
      expected = expected.filter((_, k) => k !== i)
    }
    if (step % 400 === 399) while (expected.length > 0) expect(unread.shift()?.waiter).toBe(expected.shift())
    expect(unread.list().map(({ waiter }) => waiter)).toEqual(expected)
    expect([unread.length, new Set(unread.list()).size]).toEqual([expected.length, expected.length])
  }
  expect([unread.shift()?.waiter, unread.lastOf('nobody')]).toEqual([expected.shift(), -1])
  expect(objects.size).toBeLessThan(400)
})

describe('events and the end', () => {
  const event = (context: Userfaultfd, page: number): QueuedEvent =>
    ({ context, message: message(page), isRead: false, isLost: false, mm: null }) as QueuedEvent

  test('a reader lets the sender of the oldest event go on', () => {
    const { context, runQueue } = opened()
    const [first, second] = [event(context, 1), event(context, 2)]
    context.events.push(first, second)
    expect(context.readEvent()).toBe(first.message)
    expect([first.isRead, first.isLost, second.isRead]).toEqual([true, false, false])
    expect(runQueue).toEqual([first])
    expect([context.readEvent(), context.readEvent()]).toEqual([second.message, undefined])
    expect(runQueue).toEqual([first, second])
  })

  test('closing lets everyone go, and loses what was not read', () => {
    const { context, runQueue } = opened(['a', 0], ['b', 2 ** 35])
    const served = context.readFault()
    const [first, second] = [event(context, 1), event(context, 2)]
    context.events.push(first, second)
    expect([context.closed, context.id, context.userModeOnly, context.changing]).toEqual([false, 7, true, 0])
    context.release()
    expect(context.closed).toBe(true)
    expect(runQueue).toEqual(['b', 'a', second, first])
    expect(served).toMatchObject({ thread: 'a', isWoken: true })
    expect([first, second].map(({ isRead, isLost }) => [isRead, isLost])).toEqual([
      [true, true],
      [true, true],
    ])
    expect([context.events, context.pending.length, context.served.length]).toEqual([[], 0, 0])
  })
})

const PAGE = 4096
const TOP = 0x7ffffffff000
test.each([
  [65536, PAGE, 0],
  [TOP - PAGE, PAGE, 0],
  [65536, TOP - 65536, 0],
  [65536 + 1, PAGE, -EINVAL],
  [65536, PAGE + 1, -EINVAL],
  [65536, 0, -EINVAL],
  [65536, -PAGE, -EINVAL],
  [65536 - PAGE, PAGE, -EINVAL],
  [0, PAGE, -EINVAL],
  [TOP, PAGE, -EINVAL],
  [TOP - PAGE, 2 * PAGE, -EINVAL],
  [65536, TOP - 65536 + PAGE, -EINVAL],
])('a range from %i of %i bytes', (start, length, answer) => {
  expect(validateRange(start, length)).toBe(answer)
})

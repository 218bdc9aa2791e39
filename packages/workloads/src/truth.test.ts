import { describe, expect, test } from 'vitest'
import { EVENT_COLLAPSED, EVENT_FORKED, EVENT_SWAPPED, EVENT_UNMAPPED } from './history.ts'
import { WHERE_ABSENT, WHERE_COLLAPSED, WHERE_RESIDENT, WHERE_UNMAPPED } from './shadow.ts'
import { Truth } from './truth.ts'

const resident = () => WHERE_RESIDENT

describe('the judge of a tracker that lies', () => {
  test('a tracker that swallows a report loses that page', () => {
    const truth = new Truth(1)
    truth.arm(0x1000, 8, resident)
    for (const vpn of [0x1001, 0x1002, 0x1003]) truth.store(vpn)
    truth.report(0x1001, 1)
    truth.report(0x1003, 1)
    truth.judge()
    expect(truth.verdict()).toEqual({
      lost: 1,
      spurious: 0,
      discarded: 0,
      pagesWritten: 3,
      reported: 2,
      lostByCause: { 'resident since armed': 1 },
      lostPages: [{ vpn: 0x1002, epoch: 1, history: 'resident since armed' }],
    })
  })

  test('a tracker that invents a report is spurious about that page', () => {
    const truth = new Truth(1)
    truth.arm(0x1000, 8, resident)
    truth.store(0x1001)
    truth.report(0x1001, 2)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 0, spurious: 1, pagesWritten: 1, reported: 2 })
  })

  test('a tracker that reports the wrong page is wrong twice', () => {
    const truth = new Truth(1)
    truth.arm(0x1000, 8, resident)
    truth.store(0x1001)
    truth.report(0x1002, 1)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 1, spurious: 1 })
  })

  test('a page written elsewhere may be reported, and need not be, until it is written here', () => {
    const truth = new Truth(1)
    truth.arm(0x1000, 4, resident)
    truth.store(0x1001)
    truth.store(0x1002)
    truth.report(0x1002, 1)
    expect(truth.unreported(0x1000, 4)).toEqual([0x1001])
    truth.arm(0x2000, 4, resident)
    for (const vpn of [0x2000, 0x2001, 0x2002]) truth.excuse(vpn)
    truth.report(0x2000, 1)
    truth.store(0x2002)
    truth.report(0x1001, 1)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 1, spurious: 0, lostPages: [{ vpn: 0x2002 }] })
    truth.arm(0x2000, 4, resident)
    truth.report(0x2000, 1)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 1, spurious: 1 })
  })

  test('a report counts for its own epoch only', () => {
    const truth = new Truth(1)
    truth.arm(0x1000, 1, resident)
    truth.store(0x1000)
    truth.judge()
    truth.arm(0x1000, 1, resident)
    truth.report(0x1000, 1)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 1, spurious: 1 })
    expect(truth.verdict().lostPages).toEqual([{ vpn: 0x1000, epoch: 1, history: 'resident since armed' }])
  })

  test('an honest tracker is neither, however often a page is written or reported', () => {
    const truth = new Truth(1)
    for (let epoch = 0; epoch < 3; epoch++) {
      truth.arm(0, 10_000, resident)
      for (let i = 0; i < 50; i++) truth.store((i * 37) % 10)
      for (let i = 0; i < 20; i++) truth.report(i % 10, 1)
      truth.judge()
    }
    expect(truth.verdict()).toMatchObject({ lost: 0, spurious: 0, pagesWritten: 30, reported: 30 })
  })
})

describe('what ends arming', () => {
  test('a page that was never armed cannot be lost', () => {
    const truth = new Truth(1)
    truth.arm(10, 5, resident)
    truth.store(9)
    truth.store(15)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 0, pagesWritten: 0 })
  })

  test('unmapping that keeps the content does not end it', () => {
    const truth = new Truth(1)
    truth.arm(0, 4, resident)
    for (const [vpn, event] of [EVENT_SWAPPED, EVENT_UNMAPPED, EVENT_COLLAPSED, EVENT_FORKED].entries()) truth.note(vpn, 1, event)
    for (let vpn = 0; vpn < 4; vpn++) truth.store(vpn)
    truth.judge()
    expect(truth.verdict()).toMatchObject({
      lost: 4,
      lostByCause: {
        'swapped out after arming': 1,
        'unmapped after arming': 1,
        'collapsed after arming': 1,
        'forked after arming': 1,
      },
    })
  })

  test('a page the program discarded is counted in a column of its own, written or not', () => {
    const truth = new Truth(1)
    truth.arm(0, 4, resident)
    truth.store(0)
    truth.store(1)
    truth.report(1, 1)
    truth.discard(0, 3)
    truth.store(2)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 0, spurious: 0, discarded: 3 })
  })

  test('a report about a discarded page harms nobody', () => {
    const truth = new Truth(1)
    truth.arm(0, 1, resident)
    truth.discard(0, 1)
    truth.report(0, 1)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ spurious: 0, discarded: 1, reported: 1 })
  })

  test('a page mapped anew in the place of a discarded one has a life of its own', () => {
    const truth = new Truth(1)
    truth.arm(0, 1, resident)
    truth.store(0)
    truth.discard(0, 1)
    truth.arm(0, 1, () => WHERE_ABSENT)
    truth.store(0)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ lost: 1, discarded: 1, lostByCause: { 'unpopulated when armed': 1 } })
  })
})

describe('why a page was lost', () => {
  const loseAfter = (where: number, before: readonly number[], after: readonly number[]) => {
    const truth = new Truth(1)
    truth.arm(7, 1, () => where)
    for (const event of before) truth.note(7, 1, event)
    truth.store(7)
    for (const event of after) truth.note(7, 1, event)
    truth.judge()
    const { lostPages, lostByCause } = truth.verdict()
    return [lostPages[0].history, Object.keys(lostByCause)]
  }

  test('how it was when armed comes first', () => {
    expect(loseAfter(WHERE_UNMAPPED, [EVENT_FORKED], [])).toEqual(['unmapped when armed, forked after arming', ['unmapped when armed']])
    expect(loseAfter(WHERE_RESIDENT | WHERE_COLLAPSED, [], [])).toEqual([
      'in a collapsed range when armed',
      ['in a collapsed range when armed'],
    ])
    expect(loseAfter(WHERE_UNMAPPED | WHERE_COLLAPSED, [], [])[0]).toBe('unmapped when armed')
  })

  test('what happened after the write is the last resort', () => {
    expect(loseAfter(WHERE_RESIDENT, [], [EVENT_UNMAPPED])).toEqual(['unmapped after the write', ['unmapped after the write']])
    expect(loseAfter(WHERE_RESIDENT, [EVENT_SWAPPED], [EVENT_UNMAPPED])).toEqual([
      'swapped out after arming, unmapped after the write',
      ['swapped out after arming'],
    ])
  })
})

describe('huge pages', () => {
  test('one write anywhere in 2 MiB is one page', () => {
    const truth = new Truth(512)
    truth.arm(0x2000, 1024, resident)
    truth.store(0x2005)
    truth.store(0x21ff)
    truth.store(0x2200)
    truth.report(0x2000, 512)
    truth.judge()
    expect(truth.verdict()).toMatchObject({ pagesWritten: 2, lost: 1, reported: 1, lostPages: [{ vpn: 0x2200 }] })
  })
})

test('page numbers beyond 32 bits are kept apart', () => {
  const truth = new Truth(1)
  const high = 2 ** 35
  truth.arm(high, 2, resident)
  truth.store(0)
  truth.store(high + 1)
  truth.judge()
  expect(truth.verdict().lostPages).toEqual([{ vpn: high + 1, epoch: 1, history: 'resident since armed' }])
})

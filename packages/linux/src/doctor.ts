/**
 * What this machine can be asked, line by line, each with its remedy.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { release } from 'node:os'
import { errnoName, UFFD_API } from '@faultline/mm-types'
import { FEATURES, type Operation, type Outcome, place, range, STATE_PRESENT, STATE_SOFT_DIRTY } from '@faultline/program'
import { type LinuxSystem, linuxSystem } from './linux-system.ts'
import { allNotes } from './machine-note.ts'
import { planMachine } from './machine-plan.ts'
import { currentValue, freeHugePages, readSetting, swapAreas, THP } from './settings.ts'

/** One thing that was looked at. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was found. */
  readonly detail: string
  /** What to do about it, where it is not as it should be. */
  readonly remedy?: string
  /** Whether the kernel cannot be asked at all while it is not as it should be. */
  readonly essential?: boolean
}

/** The kernel that the design linux-6.18 stands for. */
const KNOWN = '6.18.'
const HUGE_PAGES = 128
const MACHINE_SETUP = 'verify sets it so while it runs, and puts it back'

/** Looks at everything. Nothing is changed. */
export async function doctor(): Promise<Check[]> {
  if (process.platform !== 'linux') {
    return [
      essential(
        check('kernel', false, `this is ${process.platform}, not Linux`, 'run this on Linux; recordings and the model run anywhere'),
      ),
    ]
  }
  return [kernel(), compiler(), ...(await asked()), hugetlb(), swap(), ...settings(), leftovers()]
}

function check(name: string, ok: boolean, detail: string, remedy: string): Check {
  return ok ? { name, ok, detail } : { name, ok, detail, remedy }
}

function essential(found: Check): Check {
  return { ...found, essential: true }
}

/** Whether the kernel can be asked, if perhaps not about everything. */
export function canBeAsked(checks: readonly Check[]): boolean {
  return checks.every(({ ok, essential: needed }) => ok || needed !== true)
}

function kernel(): Check {
  const found = release()
  return check('kernel', found.startsWith(KNOWN), `Linux ${found}`, 'the design linux-6.18 is compared with Linux 6.18: expect differences')
}

function compiler(): Check {
  const command = process.env.CC || 'cc'
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  const found = status === 0 ? stdout.split('\n')[0]! : `no ${command}`
  return check('compiler', status === 0, found, 'install a C compiler (Debian: apt install gcc libc6-dev), or set CC')
}

/** What only the kernel itself can tell. */
async function asked(): Promise<Check[]> {
  const system = linuxSystem()
  try {
    return [...(await userfaultfd(system)), ...(await observation(system))]
  } catch (error) {
    return [essential(check('helper', false, (error as Error).message, 'the message says it; the helper is made for x86-64'))]
  } finally {
    await system.close()
  }
}

async function ask(system: LinuxSystem, operations: readonly Operation[]): Promise<readonly Outcome[]> {
  const session = system.open()
  try {
    const outcomes: Outcome[] = []
    for (const operation of operations) outcomes.push(await session.perform(operation))
    return outcomes
  } finally {
    await session.close()
  }
}

async function userfaultfd(system: LinuxSystem): Promise<Check[]> {
  const open: Operation = { op: 'userfaultfd', uffd: 'u', flags: 0 }
  const [made] = await ask(system, [open])
  const works = made!.errno === 0
  const remedy = 'run as root; a kernel without CONFIG_USERFAULTFD, or a container that forbids it, says the same'
  const access = essential(check('userfaultfd', works, works ? 'may be used' : errnoName(made!.errno), remedy))
  if (!works) return [access]
  const offered = (await ask(system, [open, { op: 'api', uffd: 'u', features: 0, version: UFFD_API }]))[1]!.features ?? 0
  const missing = Object.entries(FEATURES).flatMap(([name, bit]) => (offered & bit ? [] : [name]))
  const found = missing.length === 0 ? 'all that the model knows' : `without ${missing.join(', ')}`
  return [access, check('features', missing.length === 0, found, 'programs that ask for them are refused (EINVAL): use a newer kernel')]
}

async function observation(system: LinuxSystem): Promise<Check[]> {
  const outcomes = await ask(system, [
    { op: 'mmap', region: 'A', pages: 1, memory: 'anon', prot: 'rw' },
    { op: 'write', at: place('A'), value: 1 },
    { op: 'pagemap', range: range('A', 0, 1) },
  ])
  const state = outcomes[2]!.pages![0]!
  const scan = await scanWorks(system)
  const root = process.getuid?.() === 0
  return [
    check(
      'page states',
      root && (state & STATE_PRESENT) !== 0,
      root ? 'pagemap and kpageflags' : 'without frame numbers',
      'run as root (CAP_SYS_ADMIN)',
    ),
    check('PAGEMAP_SCAN', scan === undefined, scan ?? 'works', 'use Linux 6.7 or newer, or programs without scan'),
    check(
      'soft-dirty',
      (state & STATE_SOFT_DIRTY) !== 0,
      state & STATE_SOFT_DIRTY ? 'works' : 'not in this kernel',
      'needs CONFIG_MEM_SOFT_DIRTY; only programs that use clear_refs miss it',
    ),
  ]
}

/** @returns what is wrong, or undefined */
async function scanWorks(system: LinuxSystem): Promise<string | undefined> {
  try {
    const outcomes = await ask(system, [
      { op: 'mmap', region: 'A', pages: 1, memory: 'anon', prot: 'rw' },
      { op: 'scan', range: range('A', 0, 1), flags: 0, inverted: 0, mask: 0, anyof: 0, returned: 0, maxPages: 0, vecLen: 1 },
    ])
    return outcomes[1]!.errno === 0 ? undefined : errnoName(outcomes[1]!.errno)
  } catch (error) {
    return (error as Error).message
  }
}

function hugetlb(): Check {
  const free = freeHugePages()
  return check('hugetlb', free >= HUGE_PAGES, `${free} free pages of 2 MiB`, `${HUGE_PAGES} are needed: ${MACHINE_SETUP}`)
}

function swap(): Check {
  const areas = swapAreas()
  const text = areas.map(({ path, size, used }) => `${path}: ${size - used} of ${size} KiB free`).join('; ')
  const remedy = areas.length > 0 ? 'swap on a file: a device takes huge pages in one piece, and the model splits them' : MACHINE_SETUP
  return check('swap', areas.length > 0 && areas.every(({ isFile }) => isFile), text || 'none', remedy)
}

const NAMES: Readonly<Record<string, string>> = {
  [`${THP}/enabled`]: 'huge pages',
  [`${THP}/defrag`]: 'huge pages, compaction',
  [`${THP}/shmem_enabled`]: 'huge pages of shmem',
  [`${THP}/khugepaged/scan_sleep_millisecs`]: 'khugepaged',
  '/sys/kernel/mm/ksm/run': 'ksm',
}

/** The settings with names, then whatever else a run would change. */
function settings(): Check[] {
  const changes = planMachine({ hugePages: 0, swapBytes: 0 }).filter((change) => change.kind === 'setting')
  const named = Object.entries(NAMES).map(([path, name]) => {
    const change = changes.find((each) => each.path === path)
    const found = currentValue(path) ?? 'not in this kernel'
    return check(name, change === undefined, found, `${change?.value} is wanted: ${MACHINE_SETUP}`)
  })
  const others = changes
    .filter(({ path }) => !(path in NAMES))
    .map(({ path, before, value }) => check(path, false, before, `${value} is wanted: ${MACHINE_SETUP}`))
  return [...named, ...others, damon()]
}

const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds'

function damon(): Check {
  const nr = Number(readSetting(`${KDAMONDS}/nr_kdamonds`) ?? 0)
  const running = Array.from({ length: nr }, (_, index) => readSetting(`${KDAMONDS}/${index}/state`)).filter(
    (state) => state === 'on',
  ).length
  const remedy = `it may reclaim pages of long runs by itself, and nothing here changes it: write off to ${KDAMONDS}/0/state if you can do without`
  return check('damon', running === 0, running === 0 ? 'off' : `${running} at work`, remedy)
}

function leftovers(): Check {
  const left = allNotes().filter(({ alive }) => !alive)
  return check(
    'left from earlier runs',
    left.length === 0,
    left.length === 0 ? 'nothing' : `${left.length} notes of changes`,
    'the next run that sets up the machine puts it back',
  )
}

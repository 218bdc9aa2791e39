/**
 * What a browser is asked to do with the packages, and Node too, so that the answers can be compared.
 * @module
 */
import type { Case } from '../../packages/conformance/src/kit/index.ts'
import type { Packages } from './packages.ts'

const TEXT = `faultline-program 1
memory anon shmem hugetlb
uffd u features=wp_unpopulated,wp_hugetlbfs_shmem
mmap A 512 memory rw
register u A 0 512 mode=wp
write A+7 7
writeprotect u A 0 512 mode=wp
write A+7 8 => blocked
writeprotect u A 0 512 mode=0
read A+7
fork child
child: write A+9 9
read A+9 => value 0
`

/** What every package but `linux` has to say, as text. @param trace a recording as its file holds it */
export async function work(packages: Packages, trace: Uint8Array): Promise<string[]> {
  return [
    ...(await programs(packages)),
    ...(await laws(packages)),
    ...races(packages),
    ...(await workload(packages, trace)),
    ...(await experiment(packages)),
  ]
}

/** One program on every design and memory type: the model with all its backends and policies. */
async function programs({ program, designs }: Packages): Promise<string[]> {
  const lines: string[] = []
  for (const memory of ['anon', 'shmem', 'hugetlb'] as const) {
    for (const design of designs.designs) {
      const run = await program.runProgram(designs.createModel(design), program.instantiate(program.parseProgram(TEXT), memory))
      lines.push(`${design.name} ${memory}: ${run.outcomes.map((outcome) => program.formatOutcome(outcome)).join('; ')}`)
    }
  }
  return lines
}

/** The kit's laws on policies of Linux 6.18, but for those about the heap: a browser does not tell of it. */
async function laws({ kit, designs }: Packages): Promise<string[]> {
  const { encoding, collapse, zap, tracker, arming, hugeWp } = designs.linux618
  const suites: readonly (readonly [string, readonly Case[]])[] = [
    ['encoding', kit.casesFor.encoding(() => encoding)],
    ['arming', kit.casesFor.arming(() => arming.anonUnpopulated)],
    ['collapse', kit.casesFor.collapse(() => collapse)],
    ['zap', kit.casesFor.zap(() => zap)],
    ['hugeWp', kit.casesFor.hugeWp(() => hugeWp)],
    ['tracker', kit.casesFor.tracker(() => tracker)],
  ]
  const lines: string[] = []
  for (const [seam, cases] of suites) {
    for (const each of cases) {
      if (/heap|allocat/.test(`${each.name} ${each.law}`)) continue
      if (each.notFor === undefined) await each.run()
      lines.push(`${seam} ${each.name}: ${each.notFor ?? 'holds'}`)
    }
  }
  return lines
}

/** A race in all its orders. */
function races({ race, designs }: Packages): string[] {
  const found = race.explore(race.findRace('unprotect-only')!, race.designOf(designs.flushDeferred))
  return [`unprotect-only: ${found.interleavings} orders, ${found.losing} lose`]
}

/** A workload on a recording that came as bytes. */
async function workload({ workloads, designs }: Packages, bytes: Uint8Array): Promise<string[]> {
  const trace = await workloads.readTrace(bytes, 'recording')
  if (trace.format !== 'pgtrace') throw new Error(`a recording of pages was expected, this is ${trace.format}`)
  const tracking = workloads.findWorkload('dirty-tracking')!
  return [designs.noPersistence, designs.linux618].map((design) => {
    const result = tracking.run(designs.createModel(design).open(), design, trace, { memory: 'shmem', seed: 1 })
    if ('unsupported' in result) throw new Error(result.unsupported)
    return `${design.name}: ${result.lost} of ${result.pagesWritten} lost in ${result.steps} steps`
  })
}

/** An experiment that needs no recording. */
async function experiment({ experiments }: Packages): Promise<string[]> {
  const none = async () => {
    throw new Error('this experiment needs no recording')
  }
  const setting = { seed: 1, progress: () => undefined, breathe: async () => undefined, pgtrace: none, pgfault: none, uffdtrace: none }
  const { conclusions } = await experiments.findExperiment('pmd-sharing')!.run(setting)
  return [...conclusions]
}

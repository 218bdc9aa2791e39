/**
 * Experiment: where does a file page's write-protect bit live once its pte is erased, and what does each answer take?
 * @module
 */
import { hughSwpType, linux519, noPersistence, rfc202101 } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import type { Memory } from '@faultline/program'
import { ARCHITECTURES, type ArchitectureBudget, budgetConfigs, encodingBudget } from '@faultline/swap-entry'
import type { UnsupportedResult, WorkloadResult } from '@faultline/workloads'
import type { Experiment, Setting } from './experiment.ts'
import { type Chart, count, figure, knownOf, listed, type Table, type Value } from './findings.ts'
import { runWorkload } from './run-workload.ts'

/** Designs that differ in their encoding and in nothing else; the first keeps nothing and is the control. */
const DESIGNS: readonly Design[] = [noPersistence, rfc202101, hughSwpType, linux519]
const ENCODINGS = DESIGNS.slice(1)
const WORKLOADS = ['dirty-tracking', 'live-snapshot']
const TRACES = ['redis-server', 'sqlite']
const MEMORY: readonly Memory[] = ['shmem', 'shmem-private', 'hugetlb', 'hugetlb-private']

type Result = WorkloadResult | UnsupportedResult

interface Run {
  readonly workload: string
  readonly trace: string
  readonly memory: Memory
  readonly results: readonly Result[]
}

/** A result without the name of its design: what encodings must agree on. */
function outcomeOf(result: Result): string {
  return JSON.stringify({ ...result, design: '' })
}

function lostOf(result: Result): Value {
  return figure(result, ({ lost }) => lost)
}

async function runAll(setting: Setting): Promise<Run[]> {
  const runs: Run[] = []
  const total = WORKLOADS.length * TRACES.length * MEMORY.length
  for (const name of TRACES) {
    const trace = await setting.pgtrace(name)
    for (const workload of WORKLOADS) {
      for (const memory of MEMORY) {
        const results: Result[] = []
        for (const design of DESIGNS) {
          setting.progress((runs.length + results.length / DESIGNS.length) / total, `${workload} of ${name} on ${memory}: ${design.name}`)
          await setting.breathe()
          results.push(runWorkload(workload, design, trace, { memory, seed: setting.seed }))
        }
        runs.push({ workload, trace: name, memory, results })
      }
    }
  }
  return runs
}

function outcomes(runs: readonly Run[]): Table {
  return {
    title: 'Lost writes by encoding',
    columns: [
      { key: 'workload', head: 'workload' },
      { key: 'trace', head: 'trace' },
      { key: 'memory', head: 'memory' },
      ...DESIGNS.map((design) => ({ key: design.name, head: `${design.encoding.name}\nlost`, isFault: true })),
      { key: 'equal', head: 'all figures of the\nthree equal' },
    ],
    rows: runs.map(({ workload, trace, memory, results }) => ({
      workload,
      trace,
      memory,
      ...Object.fromEntries(DESIGNS.map((design, i) => [design.name, lostOf(results[i])])),
      equal: isEqual(results) ? 'yes' : 'no',
    })),
    note: `“Equal” compares every figure of the ${ENCODINGS.length} results: lost, spurious, discarded and corrupted pages, faults of each kind, messages, table bytes, flushes, steps and all counters.`,
  }
}

function isEqual([, ...results]: readonly Result[]): boolean {
  return results.every((result) => outcomeOf(result) === outcomeOf(results[0]))
}

/** Every option on that an architecture can have: where swap types are scarcest. */
function fullest(budgets: readonly ArchitectureBudget[]): ArchitectureBudget {
  return budgets[budgets.length - 1]
}

function budgets(): ArchitectureBudget[][] {
  return ARCHITECTURES.map((architecture) => budgetConfigs(architecture).map((config) => encodingBudget(architecture, config)))
}

function taken(all: readonly ArchitectureBudget[][]): Table {
  return {
    title: 'What each encoding takes, by architecture, with every option on that takes swap types',
    columns: [
      { key: 'architecture', head: 'architecture' },
      { key: 'codePoint', head: 'special pte:\nits bit' },
      { key: 'specialFiles', head: 'special pte:\nswap files' },
      { key: 'type1Files', head: 'type 1, offset 0:\nswap files' },
      { key: 'markerFiles', head: 'pte marker:\nswap files' },
      { key: 'type1', head: 'type 1, offset 0 is read as' },
      { key: 'uffdWp', head: 'uffd-wp flag in\nswap pte' },
    ],
    rows: all.map((each) => {
      const budget = fullest(each)
      const [, special, type1, marker] = budget.encodings
      const flag = budget.flags.find((room) => room.flag === 'uffd-wp')
      return {
        architecture: budget.architecture,
        codePoint: budget.specialCodePoint === undefined ? 'none left' : `${budget.specialCodePoint.bit} (${budget.specialCodePoint.role})`,
        specialFiles: special.possible ? special.swapFiles : null,
        type1Files: type1.possible ? type1.swapFiles : null,
        markerFiles: marker.possible ? marker.swapFiles : null,
        type1: type1.collision,
        uffdWp: flag === undefined ? null : flagText(flag.swapBit, flag.freeSwapBit),
      }
    }),
    note: 'From the layouts in swap-entry, which were transcribed from the kernel’s headers and are tested against oracles; nothing here was measured on those machines. “Swap files” is MAX_SWAPFILES. In Linux 6.18 poison and guard keep the marker’s type whatever write protection uses.',
  }
}

function flagText(bit: number, free: number): string {
  if (bit >= 0) return `bit ${bit}`
  return free >= 0 ? `none; bit ${free} is free` : 'no room'
}

/** A configuration takes the same types wherever it can be selected. */
function configTable(all: readonly ArchitectureBudget[][]): Table {
  const onOff = (on: boolean) => (on ? 'on' : 'off')
  const every = all.flat()
  const configs = new Map(every.map((budget) => [JSON.stringify(budget.config), budget]))
  return {
    title: 'Swap files left, by kernel configuration',
    columns: [
      { key: 'migration', head: 'MIGRATION' },
      { key: 'memoryFailure', head: 'MEMORY\nFAILURE' },
      { key: 'devicePrivate', head: 'DEVICE\nPRIVATE' },
      ...every[0].encodings.map(({ encoding }) => ({ key: encoding, head: encoding })),
      { key: 'architectures', head: 'formats that can have it' },
    ],
    rows: [...configs].map(([key, { config, encodings }]) => {
      const budgets = every.filter((budget) => JSON.stringify(budget.config) === key)
      const names = [...new Set(budgets.map(({ architecture }) => architecture))]
      return {
        migration: onOff(config.migration),
        memoryFailure: onOff(config.memoryFailure),
        devicePrivate: onOff(config.devicePrivate),
        ...Object.fromEntries(
          encodings.map(({ encoding }, i) => [encoding, range(budgets.map((budget) => budget.encodings[i].swapFiles))]),
        ),
        architectures: names.length === all.length ? 'all' : names.join(', '),
      }
    }),
  }
}

/** One figure where all agree. */
function range(figures: readonly number[]): Value {
  const [least, most] = [Math.min(...figures), Math.max(...figures)]
  return least === most ? least : `${least} to ${most}`
}

function lossChart(runs: readonly Run[]): Chart {
  return {
    title: 'Lost writes by encoding, all workloads and memory types',
    kind: 'bars',
    x: { key: 'lost', title: 'lost writes' },
    y: { key: 'encoding', title: 'encoding', names: DESIGNS.map((design) => design.encoding.name) },
    color: { key: 'memory', title: 'memory', names: MEMORY },
    rows: DESIGNS.flatMap((design, i) =>
      MEMORY.map((memory) => ({
        encoding: design.encoding.name,
        memory,
        lost: runs.filter((run) => run.memory === memory).reduce((sum, run) => sum + Number(lostOf(run.results[i]) ?? 0), 0),
      })),
    ),
  }
}

function conclude(runs: readonly Run[], all: readonly ArchitectureBudget[][]): string[] {
  const equal = runs.filter((run) => isEqual(run.results)).length
  const lost = DESIGNS.map((_, i) => runs.reduce((sum, run) => sum + Number(lostOf(run.results[i]) ?? 0), 0))
  const without = all.filter((each) => fullest(each).specialCodePoint === undefined).map((each) => each[0].architecture)
  const costs = all.map((each) => fullest(each).encodings[1].swapFiles - fullest(each).encodings[3].swapFiles)
  const names = ENCODINGS.map((design) => design.encoding.name)
  return [
    equal === runs.length
      ? `Every figure is the same under ${listed(names)} in all ${runs.length} runs: to a program the encodings are one design.`
      : `The encodings differ in ${runs.length - equal} of ${runs.length} runs.`,
    `Without an encoding ${count(lost[0])} writes are lost in these runs; with one, ${listed(lost.slice(1).map(count))} (${listed(names)}).`,
    `The pte marker costs ${range(costs)} swap file on every one of ${all.length} architectures and formats; the special pte costs none, but ${without.length === 0 ? 'needs a bit on each' : `has no word left on ${listed(without)}`}.`,
  ]
}

/** Seeds 3 and 4: the special swap pte against a swap type. */
export const specialPteVsSwapType: Experiment = {
  name: 'special-pte-vs-swap-type',
  title: 'Special swap pte or a swap type?',
  question: 'Where does the write-protect bit of a file page live once its pte is erased, and what does each answer take?',
  argument: {
    text:
      'Peter Xu’s series of January 2021 kept the bit in a pte that is neither none, nor present, nor a swap entry, defined for x86-64 only. ' +
      'Hugh Dickins had suggested swap type 1, offset 0, which is a valid swap entry that is never handed out. Reviewing v3, Alistair Popple ' +
      'asked for a swap type of its own, which every architecture has already; that became the pte marker of Linux 5.19.',
    links: [
      {
        title: 'userfaultfd-wp: Support shmem and hugetlbfs, RFC',
        url: 'https://lore.kernel.org/lkml/20210115170907.24498-1-peterx@redhat.com/',
      },
    ],
  },
  async run(setting) {
    const runs = await runAll(setting)
    const all = budgets()
    return {
      tables: [outcomes(runs), taken(all), configTable(all)],
      charts: [lossChart(runs)],
      conclusions: conclude(runs, all),
      known: knownOf(DESIGNS),
    }
  },
  proves: [
    'Whether these encodings give the same outcome on these workloads: all figures of the results are compared, not only the lost writes.',
    'What each encoding takes of swap types and bits, as far as the transcribed layouts are right.',
  ],
  doesNotProve: [
    'How much code each would need in the kernel: the special pte was refused for the places that would have to know it, and places are not counted here.',
    'Anything about the rejected encodings on a real kernel: none was merged, so their rows are of the model only.',
  ],
}

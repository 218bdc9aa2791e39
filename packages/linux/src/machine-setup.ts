/**
 * Makes the machine fit to be compared with the model, says so first, and puts everything back.
 * @module
 */
import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './cache-directory.ts'
import { applyChange, type Change, describeChange, undoChange } from './machine-changes.ts'
import { allNotes, readNote, removeNote, writeNote } from './machine-note.ts'
import {
  currentValue,
  freeGiganticPages,
  freeHugePages,
  hugePages,
  NR_GIGANTIC,
  NR_HUGEPAGES,
  readSetting,
  swapAreas,
  THP,
} from './settings.ts'

/** What programs will use. */
export interface MachineNeeds {
  /** Free pages of 2 MiB in the hugetlb pool; 128 when absent, which is enough for two programs at a time. */
  readonly hugePages?: number
  /** Free pages of 1 GiB; none when absent. Where the machine has no memory for them in one piece, it goes without. */
  readonly giganticPages?: number
  /** Bytes of swap to set up when there is none; 256 MiB when absent, 0 to leave swap alone. */
  readonly swapBytes?: number
}

/** How it is done. */
export interface SetupOptions extends MachineNeeds {
  /** Is told each line before anything is changed. */
  readonly say: (line: string) => void
  /** Say it, and change nothing. */
  readonly dryRun?: boolean
}

/** A machine that has been made fit. */
export interface PreparedMachine {
  readonly changes: readonly Change[]
  /** The swap area that was set up here: it may be switched off and on (`LinuxOptions.swap`). */
  readonly swap?: string
  /** Puts everything back; also done when this process ends. May be called more than once. */
  restore(): void
}

const MIB = 1024 * 1024
const USUAL_HUGE_PAGES = 128
const USUAL_SWAP = 256 * MIB
/** statfs(2) type of tmpfs, which cannot hold a swap file. */
const TMPFS_MAGIC = 0x01021994
/** An hour, in ms: khugepaged sleeps through a run. */
const KHUGEPAGED_SLEEP = '3600000'

/** The settings the model stands for. Each changes what programs see, or moves pages by itself while they run. */
const SETTINGS: readonly (readonly [path: string, value: string])[] = [
  [`${THP}/enabled`, 'madvise'],
  [`${THP}/defrag`, 'madvise'],
  [`${THP}/shmem_enabled`, 'never'],
  [`${THP}/khugepaged/scan_sleep_millisecs`, KHUGEPAGED_SLEEP],
  [`${THP}/khugepaged/alloc_sleep_millisecs`, KHUGEPAGED_SLEEP],
  ['/sys/kernel/mm/ksm/run', '0'],
  ['/proc/sys/kernel/numa_balancing', '0'],
]

/** What would have to be changed now. */
export function planMachine(needs: MachineNeeds = {}): Change[] {
  const changes: Change[] = []
  for (const [path, value] of SETTINGS) {
    const before = currentValue(path)
    if (before !== undefined && before !== value) changes.push({ kind: 'setting', path, value, before })
  }
  const missing = (needs.hugePages ?? USUAL_HUGE_PAGES) - freeHugePages()
  const pool = readSetting(NR_HUGEPAGES)
  if (missing > 0 && pool !== undefined) {
    changes.push({ kind: 'setting', path: NR_HUGEPAGES, value: `${Math.max(Number(pool), hugePages().total) + missing}`, before: pool })
  }
  const gigantic = (needs.giganticPages ?? 0) - freeGiganticPages()
  const giganticPool = readSetting(NR_GIGANTIC)
  if (gigantic > 0 && giganticPool !== undefined) {
    changes.push({ kind: 'setting', path: NR_GIGANTIC, value: `${Number(giganticPool) + gigantic}`, before: giganticPool })
  }
  const bytes = needs.swapBytes ?? USUAL_SWAP
  if (bytes > 0 && swapAreas().length === 0) changes.push(newSwap(bytes))
  return changes
}

/** A compressed RAM disk that nobody uses, else a file: it must not lie in memory. */
function newSwap(bytes: number): Change {
  if (readSetting('/sys/block/zram0/disksize') === '0') return { kind: 'zram', device: 'zram0', bytes }
  const folder = [cacheDirectory(), '/var/tmp'].find((each) => statfsSync(each).type !== TMPFS_MAGIC) ?? cacheDirectory()
  return { kind: 'swap-file', path: join(folder, `faultline-swap-${process.pid}`), bytes }
}

/**
 * Undoes what processes that ended too suddenly have left changed. Called by {@link prepareMachine}.
 * @returns lines that say what was put back, and what could not be
 */
export function recoverMachine(): string[] {
  const said: string[] = []
  for (const { note, alive } of allNotes()) {
    if (alive) continue
    for (const change of [...note.changes].reverse()) {
      const problem = undoChange(change)
      said.push(problem === undefined ? `put back what an earlier run left: ${describeChange(change)}` : `not put back: ${problem}`)
    }
    removeNote(note.pid)
  }
  return said
}

/**
 * Makes the machine fit: first puts back what an earlier run left changed, then says what it changes, notes it, and changes it.
 * @throws Error when the machine refuses; what was changed by then is put back
 */
export function prepareMachine({ say, dryRun, ...needs }: SetupOptions): PreparedMachine {
  if (!dryRun) for (const line of recoverMachine()) say(line)
  const changes = planMachine(needs)
  for (const change of changes) say(`${dryRun ? 'would change' : 'changes for this run'}: ${describeChange(change)}`)
  if (dryRun) return { changes, restore: () => {} }
  writeNote(changes)
  const release = whenThisProcessEnds(() => restoreAll(say))
  const restore = (): void => {
    release()
    restoreAll(say)
  }
  try {
    for (const change of changes) applyChange(change)
    checkPool(changes)
    checkGiganticPool(changes, say)
  } catch (error) {
    restore()
    throw error
  }
  const swap = changes.map(swapPath).find((path) => path !== undefined)
  return { changes, ...(swap === undefined ? {} : { swap }), restore }
}

function swapPath(change: Change): string | undefined {
  if (change.kind === 'zram') return `/dev/${change.device}`
  return change.kind === 'swap-file' ? change.path : undefined
}

/** The kernel takes a size of the pool and gives what it has. */
function checkPool(changes: readonly Change[]): void {
  const wanted = changes.find((change) => change.kind === 'setting' && change.path === NR_HUGEPAGES)
  const got = readSetting(NR_HUGEPAGES)
  if (wanted?.kind === 'setting' && got !== wanted.value) {
    writeFileSync(NR_HUGEPAGES, wanted.before)
    throw new Error(`the kernel found memory for ${got} huge pages, not ${wanted.value}; free some memory, or ask for fewer`)
  }
}

/** Pages of 1 GiB can hardly be found on a machine that has run for long, and few programs use them: they may be missing. */
function checkGiganticPool(changes: readonly Change[], say: (line: string) => void): void {
  const wanted = changes.find((change) => change.kind === 'setting' && change.path === NR_GIGANTIC)
  if (wanted?.kind !== 'setting' || readSetting(NR_GIGANTIC) === wanted.value) return
  writeFileSync(NR_GIGANTIC, wanted.before)
  say(`the kernel found no memory in one piece for ${wanted.value} pages of 1 GiB: programs that use them are left out`)
}

/** Puts back what the note of this process says, unless another process still needs it: that one takes it over. */
function restoreAll(say: (line: string) => void): void {
  const note = readNote()
  if (note === undefined) return
  const heir = allNotes().find((other) => other.alive && other.note.pid !== process.pid)
  if (heir) writeNote([...note.changes, ...heir.note.changes], heir.note.pid)
  else {
    for (const change of [...note.changes].reverse()) {
      const problem = undoChange(change)
      if (problem !== undefined) say(`not put back: ${problem}`)
    }
  }
  removeNote()
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `end` when this process exits, and on the signals that would end it. @returns a function that calls it off */
function whenThisProcessEnds(end: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever else listens decides when the process ends; the exit comes after that.
    if (process.listenerCount(signal) > 1) return
    release()
    end()
    process.kill(process.pid, signal)
  }
  const release = (): void => {
    process.off('exit', end)
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  process.on('exit', end)
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return release
}

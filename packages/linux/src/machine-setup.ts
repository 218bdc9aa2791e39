/**
 * Makes the machine fit to be compared with the model, says so first, and puts everything back.
 * @module
 */
import { applyChange, type Change, describeChange, undoChange } from './machine-changes.ts'
import { withMachineLock } from './machine-lock.ts'
import { allNotes, readNote, removeNote, writeNote } from './machine-note.ts'
import { type MachineNeeds, planMachine } from './machine-plan.ts'
import { NR_GIGANTIC, NR_HUGEPAGES, readSetting } from './settings.ts'

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

/**
 * Undoes what processes that ended too suddenly have left changed. Called by {@link prepareMachine}.
 * @returns lines that say what was put back, and what could not be: that stays noted, and is tried again the next time
 */
export function recoverMachine(): string[] {
  return withMachineLock(recover)
}

function recover(): string[] {
  const said: string[] = []
  for (const { note, alive, thisBoot } of allNotes()) {
    if (alive) continue
    // Settings do not outlive the kernel that had them: what they are now is the choice of whoever started the machine.
    const changes = thisBoot ? note.changes : note.changes.filter(({ kind }) => kind === 'swap-file')
    const left = undoAll(changes, said)
    if (left.length === 0) removeNote(note.pid)
    else writeNote(left, note)
  }
  return said
}

/** Undoes changes, the last one first. @returns those that could not be undone */
function undoAll(changes: readonly Change[], said: string[]): Change[] {
  const left: Change[] = []
  for (const change of [...changes].reverse()) {
    try {
      const remark = undoChange(change)
      said.push(`put back what an earlier run left: ${describeChange(change)}`, ...(remark === undefined ? [] : [remark]))
    } catch (error) {
      said.push(`not put back: ${describeChange(change)}: ${(error as Error).message}`)
      left.unshift(change)
    }
  }
  return left
}

/**
 * Makes the machine fit: first puts back what an earlier run left changed, then says what it changes, notes it, and changes it.
 * @throws Error when the machine refuses; what was changed by then is put back
 */
export function prepareMachine({ say, dryRun, ...needs }: SetupOptions): PreparedMachine {
  if (!dryRun) return withMachineLock(() => holdChanges(() => [recover(), planMachine(needs)], say))
  const changes = planMachine(needs)
  for (const { note } of allNotes().filter(({ alive }) => !alive)) {
    for (const change of note.changes) say(`would put back what an earlier run left: ${describeChange(change)}`)
  }
  for (const change of changes) say(`would change for the run, and put back: ${describeChange(change)}`)
  return { changes, restore: () => {} }
}

/** Says and makes changes until they are put back, as they are when this process ends. */
export function holdChanges(plan: () => readonly [said: string[], changes: Change[]], say: (line: string) => void): PreparedMachine {
  const [said, changes] = plan()
  for (const line of said) say(line)
  for (const change of changes) say(`changed for this run, then put back: ${describeChange(change)}`)
  writeNote(changes)
  const restoreNow = (): void => withMachineLock(() => restoreAll(say))
  const release = whenThisProcessEnds(restoreNow)
  try {
    for (const change of changes) applyChange(change)
    checkPools(changes, say)
  } catch (error) {
    release()
    restoreAll(say)
    throw error
  }
  const swap = changes.map(swapPath).find((path) => path !== undefined)
  const restore = (): void => {
    release()
    restoreNow()
  }
  return { changes, ...(swap === undefined ? {} : { swap }), restore }
}

function swapPath(change: Change): string | undefined {
  return change.kind === 'swap-file' ? change.path : undefined
}

/** The kernel takes a size of a pool and gives what it has. */
function checkPools(changes: readonly Change[], say: (line: string) => void): void {
  for (const change of changes) {
    if (change.kind !== 'pool') continue
    const got = readSetting(change.path)
    if (got === change.value) continue
    if (change.path === NR_HUGEPAGES) {
      throw new Error(`the kernel found memory for ${got} huge pages, not ${change.value}; free some memory, or ask for fewer`)
    }
    // Pages of 1 GiB can hardly be found on a machine that has run for long, and few programs use them.
    if (change.path === NR_GIGANTIC) {
      undoChange(change)
      say(`the kernel found no memory in one piece for ${change.value} pages of 1 GiB: programs that use them are left out`)
    }
  }
}

/** Puts back what the note of this process says, unless another process still needs it: that one takes it over. */
function restoreAll(say: (line: string) => void): void {
  const note = readNote()
  if (note === undefined) return
  const heir = allNotes().find((other) => other.alive && other.note.pid !== process.pid)
  if (heir) {
    writeNote([...note.changes, ...heir.note.changes], heir.note)
    removeNote()
    return
  }
  const said: string[] = []
  const left = undoAll(note.changes, said)
  for (const line of said.filter((each) => !each.startsWith('put back'))) say(line)
  if (left.length === 0) removeNote()
  else writeNote(left)
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

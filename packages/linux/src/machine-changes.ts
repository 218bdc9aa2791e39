/**
 * Changes to the machine, each with what undoes it. They are plain data, so that another process can undo them after a crash.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { currentValue, hugePages, NR_HUGEPAGES, swapAreas } from './settings.ts'

/** A setting that gets another value. */
export interface SettingChange {
  readonly kind: 'setting'
  readonly path: string
  readonly value: string
  readonly before: string
}

/** A pool of huge pages that grows: the kernel may grow it by less than it is asked for. */
export interface PoolChange {
  readonly kind: 'pool'
  readonly path: string
  readonly value: string
  readonly before: string
}

/** A file that is made and used as swap. */
export interface SwapFileChange {
  readonly kind: 'swap-file'
  readonly path: string
  readonly bytes: number
}

/** A change to the machine. */
export type Change = SettingChange | PoolChange | SwapFileChange

const MIB = 1024 * 1024

/** One line that says what a change does. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'setting':
    case 'pool':
      return `${change.path}: ${change.before} -> ${change.value}`
    case 'swap-file':
      return `swap: a file of ${change.bytes / MIB} MiB, ${change.path}, made and removed again`
  }
}

/** Makes a change. @throws Error that says what the machine refused and why */
export function applyChange(change: Change): void {
  switch (change.kind) {
    case 'setting':
    case 'pool':
      writeFileSync(change.path, change.value)
      break
    case 'swap-file':
      makeSwapFile(change)
  }
}

/**
 * Undoes a change if it was made and nobody has changed the same thing since.
 * @returns a remark on what is not as it was, though nothing can be done about it
 * @throws Error that says what the machine refused
 */
export function undoChange(change: Change): string | undefined {
  switch (change.kind) {
    case 'setting':
      if (currentValue(change.path) === change.value) writeFileSync(change.path, change.before)
      return undefined
    case 'pool':
      return shrinkPool(change)
    case 'swap-file':
      if (isSwap(change.path)) run('swapoff', change.path)
      rmSync(change.path, { force: true })
      return undefined
  }
}

function shrinkPool({ path, value, before }: PoolChange): string | undefined {
  const size = Number(currentValue(path) ?? before)
  if (size > Number(before) && size <= Number(value)) writeFileSync(path, before)
  return path === NR_HUGEPAGES ? lostHugePages(Number(before)) : undefined
}

/** Linux 6.18 forgets reservations when a part of a private hugetlb mapping is moved; their pages stay in the pool for good. */
function lostHugePages(wanted: number): string | undefined {
  const { total, reserved } = hugePages()
  if (total <= wanted || reserved === 0) return undefined
  return `${total - wanted} huge pages stay in the pool: the kernel holds ${reserved} reservations, of programs that still run or that it has lost; the latter go with a restart`
}

function isSwap(path: string): boolean {
  return swapAreas().some((area) => area.path === path)
}

/** Written in full: a file with holes cannot be swapped to. */
function makeSwapFile({ path, bytes }: SwapFileChange): void {
  if (existsSync(path)) throw new Error(`${path} is there already; remove it if it is no longer used`)
  const file = openSync(path, 'wx', 0o600)
  try {
    const block = Buffer.alloc(MIB)
    for (let at = 0; at < bytes; at += MIB) writeSync(file, block)
  } finally {
    closeSync(file)
  }
  run('mkswap', path)
  run('swapon', path)
}

function run(command: string, path: string): void {
  const { status, stderr, error } = spawnSync(command, [path], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
  })
  if (status !== 0) throw new Error(`${command} ${path}: ${error?.message ?? stderr.trim()}`)
}

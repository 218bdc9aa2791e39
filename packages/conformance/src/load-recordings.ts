/**
 * Reads the recordings that this package brings from disk.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { parseRecording, type Recording } from '@faultline/program'

const ROOT = new URL('../recordings/', import.meta.url)
const ANSWERS = new URL('../can-i/', import.meta.url)
const ENDING = '.jsonl'
/** The recording of random programs; all others are those of scripts, one a suite. */
const RANDOM = 'random'

/** Kernels of which there are recordings, named as designs are. */
export function recordedKernels(): string[] {
  const entries = readdirSync(ROOT, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/** What a kernel did with the scripts of each suite. @throws Error with file and line when one is no recording */
export function scriptRecordings(kernel = 'linux-6.18'): Recording[] {
  return files(kernel).flatMap((name) => (name === RANDOM ? [] : [read(kernel, name)]))
}

/** What a kernel did with random programs; nothing where that was not recorded. */
export function randomRecordings(kernel = 'linux-6.18'): Recording[] {
  return files(kernel).includes(RANDOM) ? [read(kernel, RANDOM)] : []
}

/**
 * What a kernel answered to the questions of can-i; undefined where it was not asked.
 * @param asker - who asked: somebody with all rights, or nobody
 */
export function recordedAnswers(kernel: string, asker: 'root' | 'nobody' = 'root'): Recording | undefined {
  const name = `${kernel}${asker === 'root' ? '' : `-${asker}`}${ENDING}`
  if (!readdirSync(ANSWERS).includes(name)) return undefined
  return parseRecording(readFileSync(new URL(name, ANSWERS), 'utf8'), `can-i/${name}`)
}

function files(kernel: string): string[] {
  const names = readdirSync(new URL(`${kernel}/`, ROOT)).sort()
  return names.flatMap((name) => (name.endsWith(ENDING) ? [name.slice(0, -ENDING.length)] : []))
}

function read(kernel: string, name: string): Recording {
  const file = `${kernel}/${name}${ENDING}`
  return parseRecording(readFileSync(new URL(file, ROOT), 'utf8'), file)
}

// Programs that a release starts, with errors that say what went wrong.
import { spawn } from 'node:child_process'

/** Something that was checked is wrong; the message says what. Exit code 1. */
export class CheckFailed extends Error {}

/** This machine cannot check it. Exit code 3. */
export class CannotCheck extends Error {}

const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/

/** Programs that have been started and have not ended. */
const running = new Set()

/** Ends what has been started, and then this process, when it is told to end. @param {() => void} remove what it leaves behind */
export function endOnSignals(remove) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.once(signal, () => {
      for (const child of running) child.kill()
      remove()
      process.exit(code)
    })
  }
}

/** @returns {Promise<{ code: number, stdout: string, stderr: string }>} whatever the exit code is */
export function attempt(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    running.add(child)
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr']) {
      child[stream]?.setEncoding('utf8').on('data', (text) => {
        output[stream] += text
      })
    }
    child.on('error', (error) => reject(new CannotCheck(`${command} could not be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? `signal ${signal}`, ...output })
    })
  })
}

/** Runs a program that must succeed. @returns what it wrote to stdout */
export async function run(command, args, options = {}) {
  const { code, stdout, stderr } = await attempt(command, args, options)
  if (code === 0) return stdout
  const said = `${stderr}\n${stdout}`.trim()
  const line = `${command} ${args.join(' ')}${options.cwd ? ` (in ${options.cwd})` : ''} ended with ${code}`
  if (command === 'npm' && UNREACHABLE.test(said)) throw new CannotCheck(`no package registry could be reached: ${line}:\n${said}`)
  throw new CheckFailed(`${line}:\n${said}`)
}

/** Does `task` to every item, `atOnce` of them at a time. @returns the answers, in the order of the items */
export async function inParallel(items, atOnce, task) {
  const answers = new Array(items.length)
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const i = next++
      answers[i] = await task(items[i], i)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return answers
}

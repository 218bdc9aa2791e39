/**
 * A running helper: lines go in, and one answer comes back for each, in order.
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

/** No answer for so long means that the helper hangs: it ends every wait of its own within a third of this. */
const HANG_MS = 30_000

interface Waiting {
  readonly resolve: (answer: string) => void
  readonly reject: (error: Error) => void
  readonly line: string
}

/** The process that is started: the compiled helper, or what it runs in. Its standard input and output are the helper's. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** No answer for so long means that it hangs; half a minute when absent. */
  readonly patienceMs?: number
  /** What can be told of its end beside what it wrote to standard error. */
  readonly lastWords?: () => string
}

/** One helper at work. */
export class Helper {
  readonly #launch: Launch
  readonly #patienceMs: number
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: Waiting[] = []
  #next = 0
  #rest = ''
  #error: Error | undefined
  #said = ''
  #watch: NodeJS.Timeout | undefined

  constructor(launch: Launch) {
    this.#launch = launch
    this.#patienceMs = launch.patienceMs ?? HANG_MS
    this.#child = spawn(launch.command, launch.args, launch.env === undefined ? {} : { env: launch.env })
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => this.#receive(text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    this.#child.stdin.on('error', (error) => this.#fail(error))
    this.#child.on('error', (error) => this.#fail(error))
    this.#child.on('exit', (code, signal) => this.#fail(new Error(`the helper ended (${signal ?? `exit code ${code}`})`)))
    this.#setReferenced(false)
  }

  /** False when it has failed and must be replaced. */
  get works(): boolean {
    return this.#error === undefined
  }

  /** Sends lines and returns a promise for each answer. */
  send(lines: readonly string[]): Promise<string>[] {
    if (this.#error) return lines.map(() => Promise.reject(this.#error))
    if (this.#waiting.length === this.#next) this.#setReferenced(true)
    const answers = lines.map((line) => new Promise<string>((resolve, reject) => this.#waiting.push({ resolve, reject, line })))
    this.#child.stdin.write(`${lines.join('\n')}\n`, 'latin1')
    this.#watchOver()
    return answers
  }

  /** Ends the helper and all it has started. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#setReferenced(true)
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#waiting[this.#next++]?.resolve(line)
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0
      this.#next = 0
      this.#unwatch()
      this.#setReferenced(false)
    } else this.#watchOver()
  }

  #watchOver(): void {
    if (this.#watch) {
      this.#watch.refresh()
      return
    }
    this.#watch = setTimeout(() => {
      if (this.#next === this.#waiting.length) return
      this.#child.kill('SIGKILL')
      this.#fail(
        new Error(`the helper gave no answer to '${this.#waiting[this.#next]!.line}' for ${this.#patienceMs / 1000} s and was ended`),
      )
    }, this.#patienceMs)
  }

  /** A cleared timer that is refreshed would live again, so it is let go. */
  #unwatch(): void {
    clearTimeout(this.#watch)
    this.#watch = undefined
  }

  #fail(error: Error): void {
    if (this.#error) return
    const where = this.#next < this.#waiting.length ? ` at '${this.#waiting[this.#next]!.line}'` : ''
    const said = [this.#said.trim(), this.#launch.lastWords?.() ?? ''].filter((text) => text !== '').join('\n')
    this.#error = new Error(`${error.message}${where}${said ? `: ${said}` : ''}`)
    this.#unwatch()
    for (const { reject } of this.#waiting.splice(0).slice(this.#next)) reject(this.#error)
    this.#next = 0
    this.#setReferenced(false)
  }

  /** A helper that has nothing to do keeps no process of ours alive. */
  #setReferenced(referenced: boolean): void {
    const parts = [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr] as readonly { ref?(): void; unref?(): void }[]
    for (const part of parts) {
      if (referenced) part.ref?.()
      else part.unref?.()
    }
  }
}

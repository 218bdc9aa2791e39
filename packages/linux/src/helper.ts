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

/** One process of the compiled helper. */
export class Helper {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: Waiting[] = []
  #next = 0
  #rest = ''
  #error: Error | undefined
  #said = ''
  #watch: NodeJS.Timeout | undefined

  /**
   * @param cpu - the CPU that all processes of a program run on; negative for any
   * @param swap - the swap area that `swapoff` may switch off and on
   */
  constructor(binary: string, cpu: number, swap: string | undefined) {
    this.#child = spawn(binary, [`${cpu}`, swap ?? '', `${process.pid}`])
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
      this.#fail(new Error(`the helper gave no answer to '${this.#waiting[this.#next]!.line}' for ${HANG_MS / 1000} s and was ended`))
    }, HANG_MS)
  }

  /** A cleared timer that is refreshed would live again, so it is let go. */
  #unwatch(): void {
    clearTimeout(this.#watch)
    this.#watch = undefined
  }

  #fail(error: Error): void {
    if (this.#error) return
    const where = this.#next < this.#waiting.length ? ` at '${this.#waiting[this.#next]!.line}'` : ''
    this.#error = new Error(`${error.message}${where}${this.#said ? `: ${this.#said.trim()}` : ''}`)
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

import type { Output } from './terminal.ts'

/** Tells a person what is being done: one line that is rewritten on a terminal, one line a step elsewhere. */
export interface Progress {
  /** The next of `total` steps begins. */
  step(label: string): void
  /** How far the step is, from 0 to 1; shown on terminals only. */
  within(fraction: number): void
  /** Runs `work`, and takes the line away afterwards, whatever happened. */
  during<T>(work: () => Promise<T>): Promise<T>
}

const CLEAR_LINE = '\r\u001b[2K'

/** @param total - steps there will be. */
export function createProgress(err: Output, total: number): Progress {
  const width = String(total).length
  let step = 0
  let text = ''
  let shown = 0
  return {
    step(label) {
      step++
      shown = 0
      text = `[${String(step).padStart(width)}/${total}] ${label}`
      err.write(err.isTTY ? `${CLEAR_LINE}${text} …` : `${text}\n`)
    },
    within(fraction) {
      const percent = Math.floor(fraction * 100)
      if (!err.isTTY || percent === shown) return
      shown = percent
      err.write(`${CLEAR_LINE}${text} … ${percent} %`)
    },
    async during(work) {
      try {
        return await work()
      } finally {
        if (err.isTTY && step > 0) err.write(CLEAR_LINE)
      }
    },
  }
}

/** Lets signals and other events in; the model itself computes without a pause. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

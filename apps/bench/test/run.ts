import { createColors } from 'picocolors'
import { main } from '../src/main.ts'

/** What a command printed, and its exit code. */
export interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command inside this process, as if piped. */
export async function faultline(...args: string[]): Promise<Answer> {
  let out = ''
  let err = ''
  const code = await main(args, {
    out: { isTTY: false, write: (text) => void (out += text) },
    err: { isTTY: false, write: (text) => void (err += text) },
    colors: createColors(false),
  })
  return { code, out, err }
}

/**
 * The helper's answers as outcomes.
 *
 * An answer is words: an errno, then fields that begin with a letter (`v7` a value, `s11` a signal, `m…` a message). The word
 * `F0.1` begins the outcome of a thread that has finished. Answers that begin with `U`, `N` or `X` are no outcomes.
 * @module
 */
import { ExpressionError, type Message, type Outcome, type ScanRegion } from '@faultline/program'
import type { Names } from './names.ts'

type Draft = { -readonly [K in keyof Outcome]: Outcome[K] }
type Finished = NonNullable<Outcome['finished']>[number]

const SIGBUS = 7
const MAKERS: Readonly<Record<string, readonly [kind: string, maker: string]>> = {
  r: ['region', 'mmap'],
  f: ['file', 'file'],
  u: ['userfaultfd', 'userfaultfd'],
  p: ['process', 'fork'],
}

/**
 * Reads one answer.
 *
 * @throws ExpressionError when this machine cannot perform the operation
 * @throws ReferenceError when a name of the operation stands for nothing
 * @throws Error when the helper itself failed
 */
export function decode(answer: string, names: Names, system: string): Outcome {
  if (answer[0] === 'U') throw new ExpressionError(system, 'kernel', answer.slice(2), 'leave it out, or run the program on the model')
  if (answer[0] === 'N') throw unbound(answer, names)
  if (answer[0] === 'X') throw new Error(`${system}: ${answer.slice(2)}`)
  const outcome: Draft = { errno: 0 }
  const finished: Finished[] = []
  let draft = outcome
  for (const text of answer.split(' ')) {
    if (text[0] !== 'F') {
      readWord(text, draft, names)
      continue
    }
    draft = { errno: 0 }
    finished.push({ thread: threadName(text.slice(1), names), outcome: draft })
  }
  if (finished.length > 0) outcome.finished = finished
  return outcome
}

/** Whether an answer says that the operation cannot be performed here, or names what is not there. */
export function isRefusal(answer: string): boolean {
  return answer[0] === 'U' || answer[0] === 'N'
}

function unbound(answer: string, names: Names): ReferenceError {
  const [kind, maker] = MAKERS[answer[1]!]!
  const tables = { r: names.regions, f: names.files, u: names.uffds, p: names.processes }
  const name = tables[answer[1] as keyof typeof tables].name(Number(answer.slice(2)))
  return new ReferenceError(`no ${kind} is called '${name}' here; an operation '${maker}' must make it first`)
}

function threadName(text: string, names: Names): string {
  const [process, thread] = text.split('.')
  return `${names.processes.name(Number(process))}.${names.threads.name(Number(thread))}`
}

function readWord(text: string, draft: Draft, names: Names): void {
  const rest = text.slice(1)
  switch (text[0]) {
    case 'v':
      draft.value = Number(rest) | 0
      break
    case 's':
      draft.signal = Number(rest) === SIGBUS ? 'SIGBUS' : 'SIGSEGV'
      break
    case 'c':
      draft.signalCode = Number(rest)
      break
    case 'b':
      draft.blocked = true
      break
    case 'l':
      draft.livelock = true
      break
    case 'a':
      draft.address = Number(rest)
      break
    case 'r':
      draft.result = Number(rest)
      break
    case 'f':
      draft.features = Number(rest)
      break
    case 'w':
      draft.walkEnd = Number(rest)
      break
    case 'B':
      draft.bytes = Number(rest)
      break
    case 'p':
      draft.pages = pageStates(rest)
      break
    case 'S':
      draft.regions = scanRegions(rest)
      break
    case 'm':
      draft.messages = [...(draft.messages ?? []), message(rest, names)]
      break
    default:
      draft.errno = Number(text)
  }
}

function pageStates(text: string): number[] {
  if (text === '') return []
  return text.split(',').flatMap((run) => {
    const [state, times] = run.split('*')
    return new Array<number>(Number(times ?? 1)).fill(Number(state))
  })
}

function scanRegions(text: string): ScanRegion[] {
  if (text === '') return []
  return text.split(',').map((part) => {
    const [start, end, categories] = part.split(':').map(Number)
    return { start: start!, end: end!, categories: categories! }
  })
}

/** event:flags:address:end:length:thread:state, absent ones empty. */
function message(text: string, names: Names): Message {
  const [event, flags, address, end, length, thread, state] = text.split(':')
  return {
    event: event as Message['event'],
    ...(flags ? { flags: Number(flags) } : {}),
    address: Number(address),
    ...(end ? { end: Number(end) } : {}),
    ...(length ? { length: Number(length) } : {}),
    ...(thread ? { thread: threadName(thread, names) } : {}),
    ...(state ? { state: Number(state) } : {}),
  }
}

/**
 * Answers with their sources: from the model of a release, from what that release was recorded to answer, and from a kernel
 * that is asked now.
 * @module
 */
import { ask, GROUNDS, ORDINARY_FILES, type Question, type Reply } from '@faultline/conformance'
import { recordedAnswers } from '@faultline/conformance/load-recordings'
import { createModel, linuxRelease, presetOf, TURNING_POINTS } from '@faultline/designs'
import { type Recording, recordedSystem, type System } from '@faultline/program'
import { defaultSysctl, type Who } from './askers.ts'
import { needsOf, refusalsOf } from './wording.ts'

/** A question about one kind of pages, on one release, for one who asks. */
export interface Cell {
  readonly question: Question
  /** Of {@link MEMORIES}. */
  readonly memory: string
  readonly release: string
  readonly who: Who
}

/** Where an answer comes from. */
export interface Source {
  /** `read`: in the kernel's sources, for what the model does not have. */
  readonly kind: 'model' | 'recorded' | 'live' | 'read'
  readonly name: string
}

/** An answer. */
export interface Answer {
  readonly question: string
  readonly memory: string
  readonly kernel: string
  readonly who: string
  /** Null where nobody knows. */
  readonly can: boolean | null
  /** What must be asked for, or be built into the kernel. */
  readonly needs: readonly string[]
  /** How each way that does not lead there ends. */
  readonly refusals: readonly string[]
  /** First of the releases in a row that give this answer: null where none of those asked was otherwise. */
  readonly since: string | null
  /** The first later release that gives another. */
  readonly until: string | null
  readonly sources: readonly Source[]
  /** Function of the kernel that decides. */
  readonly decidedBy: string
}

/** A mapping of a file of a file system. */
export const ORDINARY_FILE = 'file'
/** Every kind of pages that can be asked about. */
export const MEMORIES: readonly string[] = [...GROUNDS.map(({ name }) => name), ORDINARY_FILE]

/** Enough for any of the programs: a machine takes time to build, and each program has one of its own. */
const SMALL = { tables: 256, frames: 16384, swapSlots: 64 }

/** A kernel that is asked now. */
export interface LiveKernel {
  readonly release: string
  readonly name: string
  /** The system for somebody; undefined where it cannot stand for them. */
  for(who: Who): System | undefined
  /** Built with CONFIG_MEM_SOFT_DIRTY. */
  readonly softDirty: boolean
}

/** Answers cells; what was asked once is remembered. */
export class Answers {
  readonly #replies = new Map<string, Reply>()
  readonly #recordings = new Map<string, Recording | undefined>()
  readonly #live: LiveKernel | undefined

  constructor(live?: LiveKernel) {
    this.#live = live
  }

  /** @param history whether to ask other releases too, for the fields `since` and `until` */
  async of(cell: Cell, history = true): Promise<Answer> {
    const { question, memory, release, who } = cell
    const asked = { question: question.name, memory, kernel: release, who: who.name, decidedBy: question.source }
    if (memory === ORDINARY_FILE) return { ...asked, ...readAnswer(cell) }
    const reply = await this.#model(cell)
    const model: Source = { kind: 'model', name: modelName(release) }
    const told = await this.#kernels(cell)
    // A kernel knows better than the model; that both agree is what the tests are for.
    const best = told.at(-1)?.reply ?? reply
    return {
      ...asked,
      can: best.unknown === undefined ? best.way !== undefined : null,
      needs: best.way === undefined ? [] : needsOf(question, best.way),
      refusals: refusalsOf(best),
      ...(history ? await this.#history(cell, best.way !== undefined) : { since: null, until: null }),
      sources: [model, ...told.map(({ source }) => source)],
    }
  }

  async #model({ question, memory, release, who }: Cell): Promise<Reply> {
    const key = [question.name, memory, release, who.name].join(' ')
    const known = this.#replies.get(key)
    if (known !== undefined) return known
    const design = linuxRelease(release)!
    const softDirty = design.softDirty || question.softDirty === true
    const system = createModel({ ...design, softDirty }, { privilege: who.privilege(release), limits: SMALL })
    const reply = await ask(system, question, groundOf(memory), who)
    this.#replies.set(key, reply)
    return reply
  }

  /** What real kernels of the release answer, recorded or now, the most telling last. */
  async #kernels({ question, memory, release, who }: Cell): Promise<{ reply: Reply; source: Source }[]> {
    const told: { reply: Reply; source: Source }[] = []
    const recording = this.#recordingFor(release, who)
    if (recording !== undefined && (!question.softDirty || recording.config.CONFIG_MEM_SOFT_DIRTY === 'y')) {
      const reply = await ask(recordedSystem([recording]), question, groundOf(memory), who)
      const name = `Linux ${recording.kernel}, ${recording.date.slice(0, 10)}`
      if (reply.unknown === undefined) told.push({ reply, source: { kind: 'recorded', name } })
    }
    const live = this.#live?.release === release ? this.#live.for(who) : undefined
    if (live !== undefined && (!question.softDirty || this.#live!.softDirty)) {
      const reply = await ask(live, question, groundOf(memory), who)
      if (reply.unknown === undefined) told.push({ reply, source: { kind: 'live', name: this.#live!.name } })
    }
    return told
  }

  #recordingFor(release: string, who: Who): Recording | undefined {
    const rights = who.privilege(release)
    if (!who.privileged && (rights.unprivilegedUserfaultfd || rights.device)) return undefined
    const asker = who.privileged ? 'root' : 'nobody'
    const key = `${release} ${asker}`
    if (!this.#recordings.has(key)) this.#recordings.set(key, recordedAnswers(`linux-${release}`, asker))
    return this.#recordings.get(key)
  }

  /** From which release to which the model answers as it does on this one. */
  async #history(cell: Cell, can: boolean): Promise<Pick<Answer, 'since' | 'until'>> {
    const here = TURNING_POINTS.findLastIndex((release) => ageOf(release) <= ageOf(cell.release))
    const isSame = async (at: number) => ((await this.#model({ ...cell, release: TURNING_POINTS[at]! })).way !== undefined) === can
    let first = here
    while (first > 0 && (await isSame(first - 1))) first--
    let after = here + 1
    while (after < TURNING_POINTS.length && (await isSame(after))) after++
    return { since: first === 0 ? null : TURNING_POINTS[first]!, until: TURNING_POINTS[after] ?? null }
  }
}

function groundOf(memory: string) {
  return GROUNDS.find(({ name }) => name === memory)!
}

function modelName(release: string): string {
  const preset = presetOf(release)
  return preset === `linux-${release}` ? preset : `linux-${release} (${preset} with what came since)`
}

function ageOf(release: string): number {
  const [major, minor] = release.split('.').map(Number)
  return major! * 100 + minor!
}

/** What stands in the sources of the kernel, where there is no model to ask; only the rights are the model's. */
function readAnswer({ question, release, who }: Cell): Omit<Answer, 'question' | 'memory' | 'kernel' | 'who' | 'decidedBy'> {
  const known = ORDINARY_FILES[question.name]
  const sources: Source[] = [{ kind: 'read', name: 'the sources of Linux; the model has no mappings of ordinary files' }]
  if (known === undefined) return { can: null, needs: [], refusals: [], since: null, until: null, sources: [] }
  const can = known.since !== undefined && ageOf(known.since) <= ageOf(release)
  if (!can) return { can, needs: [], refusals: [known.refusal], since: null, until: known.since ?? null, sources }
  const opener = openerFor(question, who, release)
  if (opener === undefined) return { can: null, needs: [], refusals: [], since: null, until: null, sources: [] }
  const way = question.features === undefined ? { features: known.features } : { opener, features: known.features }
  return {
    can,
    needs: needsOf(question, way),
    refusals: [],
    since: known.since === TURNING_POINTS[0] ? null : known.since!,
    until: null,
    sources,
  }
}

function openerFor(question: Question, who: Who, release: string): 'system call' | 'user mode only' | undefined {
  if (question.features === undefined || who.privileged || who.privilege(release).unprivilegedUserfaultfd) return 'system call'
  return defaultSysctl(release) ? undefined : 'user mode only'
}

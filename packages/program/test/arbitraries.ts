import fc from 'fast-check'
import {
  ADVICE,
  type Advice,
  ANSWERS,
  type Ending,
  type Expectation,
  MEMORY_TYPES,
  type Memory,
  type MessagePattern,
  type OperationName,
  PAGE_STATES,
  type PagePattern,
  type Place,
  type Program,
  type Range,
  type RegionPattern,
  type Step,
  type TemplateOperation,
} from '../src/index.ts'

type Arbitrary<T> = fc.Arbitrary<T>

const NAME = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/)
const INTEGER = fc.oneof(fc.integer({ min: -9, max: 600 }), fc.maxSafeInteger())
const BITS = fc.oneof(fc.nat(0x3fff), fc.maxSafeNat())
const BYTES = fc.oneof(fc.constant(0), INTEGER)
const MEMORY = fc.constantFrom(...MEMORY_TYPES)
const MEMORIES: Arbitrary<Memory[]> = fc.subarray([...MEMORY_TYPES], { minLength: 1 })
const PROT = fc.shuffledSubarray(['r', 'w', 'x']).map((letters) => letters.join(''))
const HUGE = fc.constantFrom(21 as const, 30 as const)
const LINE = fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\r]/.test(text))
const PLACE: Arbitrary<Place> = fc.record({
  region: fc.oneof({ weight: 4, arbitrary: NAME }, fc.constant('@')),
  page: INTEGER,
  byte: BYTES,
})
const RANGE: Arbitrary<Range> = fc.record({ at: PLACE, pages: INTEGER, bytes: BYTES })
const ANSWER = fc.constantFrom(...ANSWERS)

/** Fields of the operation itself. */
type Own<O> = Omit<O, 'op' | 'process' | 'thread'>
type Named<N, O = TemplateOperation> = O extends { readonly op: infer P } ? (N extends P ? O : never) : never
type OptionalKeys<O> = { [K in keyof O]-?: undefined extends O[K] ? K : never }[keyof O]

/** Every field has its arbitrary, and the optional ones come and go: the compiler refuses a field left out. */
function operation<N extends OperationName>(
  op: N,
  fields: { [K in keyof Own<Named<N>>]-?: Arbitrary<Exclude<Named<N>[K & keyof Named<N>], undefined>> },
  maybe: readonly OptionalKeys<Own<Named<N>>>[],
): Arbitrary<TemplateOperation> {
  const required = Object.keys(fields).filter((key) => !(maybe as readonly string[]).includes(key))
  const model = { op: fc.constant(op), process: NAME, thread: NAME, ...fields }
  return fc.record(model as Record<string, Arbitrary<unknown>>, {
    requiredKeys: ['op', ...required],
  }) as Arbitrary<unknown> as Arbitrary<TemplateOperation>
}

const range = { range: RANGE }
const fill = { uffd: NAME, range: RANGE, mode: BITS }

export const OPERATIONS: { readonly [N in OperationName]: Arbitrary<TemplateOperation> } = {
  file: operation('file', { file: NAME, pages: INTEGER, hugeShift: fc.oneof(HUGE, fc.constant('memory' as const)) }, ['hugeShift']),
  mmap: operation(
    'mmap',
    {
      region: NAME,
      pages: INTEGER,
      memory: fc.oneof(MEMORY, fc.constant('memory' as const)),
      file: NAME,
      pgoff: INTEGER,
      prot: PROT,
      at: PLACE,
      vpn: INTEGER,
      hugeShift: HUGE,
      noreserve: fc.boolean(),
    },
    ['file', 'pgoff', 'at', 'vpn', 'hugeShift', 'noreserve'],
  ),
  munmap: operation('munmap', range, []),
  mprotect: operation('mprotect', { ...range, prot: PROT }, []),
  mremap: operation('mremap', { ...range, newPages: INTEGER, region: NAME, mayMove: fc.boolean(), dontUnmap: fc.boolean(), to: PLACE }, [
    'to',
  ]),
  read: operation('read', { at: PLACE }, []),
  write: operation('write', { at: PLACE, value: INTEGER }, []),
  fork: operation('fork', { child: NAME }, []),
  exit: operation('exit', {}, []),
  userfaultfd: operation('userfaultfd', { uffd: NAME, flags: BITS, device: fc.boolean() }, ['device']),
  api: operation('api', { uffd: NAME, features: BITS, version: fc.oneof(fc.constant(0xaa), INTEGER) }, []),
  register: operation('register', fill, []),
  unregister: operation('unregister', { uffd: NAME, ...range }, []),
  writeprotect: operation('writeprotect', fill, []),
  copy: operation('copy', { ...fill, value: INTEGER }, []),
  zeropage: operation('zeropage', fill, []),
  continue: operation('continue', fill, []),
  poison: operation('poison', fill, []),
  wake: operation('wake', fill, []),
  move: operation('move', { ...fill, from: PLACE }, []),
  close: operation('close', { uffd: NAME }, []),
  receive: operation('receive', { uffd: NAME, child: NAME }, ['child']),
  monitor: operation('monitor', { uffd: NAME, missing: ANSWER, wp: ANSWER, minor: ANSWER }, []),
  madvise: operation('madvise', { ...range, advice: fc.constantFrom(...(Object.keys(ADVICE) as Advice[])) }, []),
  fallocate: operation('fallocate', { file: NAME, page: INTEGER, pages: INTEGER, punch: fc.boolean() }, []),
  ftruncate: operation('ftruncate', { file: NAME, pages: INTEGER }, []),
  mlock: operation('mlock', range, []),
  munlock: operation('munlock', range, []),
  reclaim: operation('reclaim', range, []),
  migrate: operation('migrate', range, []),
  hwpoison: operation('hwpoison', range, []),
  khugepaged: operation('khugepaged', range, []),
  ksm: operation('ksm', range, []),
  swapoff: operation('swapoff', {}, []),
  pagemap: operation('pagemap', range, []),
  scan: operation(
    'scan',
    { ...range, flags: BITS, inverted: BITS, mask: BITS, anyof: BITS, returned: BITS, maxPages: INTEGER, vecLen: INTEGER },
    [],
  ),
  clear_refs: operation('clear_refs', {}, []),
  status: operation('status', {}, []),
  comment: operation('comment', { text: LINE }, []),
}

export const anyOperation: Arbitrary<TemplateOperation> = fc.oneof(...Object.values(OPERATIONS))

const ADDRESS = fc.oneof(PLACE, fc.maxSafeNat())
const THREAD = fc.oneof(
  NAME,
  fc.tuple(NAME, NAME).map((parts) => parts.join('.')),
)

const ENDING_FIELDS = {
  errno: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 140 })),
  signal: fc.constantFrom('SIGBUS' as const, 'SIGSEGV' as const),
  blocked: fc.constant(true as const),
  livelock: fc.constant(true as const),
  signalCode: INTEGER,
  value: INTEGER,
  result: INTEGER,
  features: BITS,
  bytes: INTEGER,
  walkEnd: ADDRESS,
}

const ENDING: Arbitrary<Ending> = fc.record(ENDING_FIELDS, { requiredKeys: ['errno'] })

const MESSAGE: Arbitrary<MessagePattern> = fc.record(
  {
    event: fc.constantFrom('pagefault' as const, 'fork' as const, 'remap' as const, 'remove' as const, 'unmap' as const),
    start: ADDRESS,
    end: ADDRESS,
    flags: BITS,
    thread: THREAD,
    length: INTEGER,
    state: fc.constantFrom(...PAGE_STATES),
  },
  { requiredKeys: ['event'] },
)

const WORD = fc.constantFrom('present', 'anon', '+WP', '!+WP', 'soft-dirty', '!excl', '[G]', 'marker(wp)')
const COUNT = fc.oneof(fc.constant(1), fc.nat(512))

const PATTERN: Arbitrary<PagePattern> = fc.oneof(
  fc.record({ count: COUNT, state: fc.constantFrom(...PAGE_STATES) }),
  fc.record({ count: COUNT, has: fc.array(WORD, { minLength: 1, maxLength: 3 }) }),
)

const REGION: Arbitrary<RegionPattern> = fc.record({ start: ADDRESS, end: ADDRESS, categories: BITS })

const few = <T>(item: Arbitrary<T>): Arbitrary<T[]> => fc.array(item, { maxLength: 3 })

export const anyExpectation: Arbitrary<Expectation> = fc.record(
  {
    ...ENDING_FIELDS,
    memories: MEMORIES,
    messages: few(MESSAGE),
    finished: few(fc.record({ thread: THREAD, ending: ENDING })),
    pages: few(PATTERN),
    regions: few(REGION),
  },
  { requiredKeys: ['errno'] },
)

const COMMENTED: Arbitrary<Step> = fc.record({ operation: OPERATIONS.comment, memories: MEMORIES }, { requiredKeys: ['operation'] })

const PERFORMED: Arbitrary<Step> = fc.record(
  {
    operation: fc.oneof(...Object.entries(OPERATIONS).flatMap(([op, arbitrary]) => (op === 'comment' ? [] : [arbitrary]))),
    memories: MEMORIES,
    expect: fc.array(anyExpectation, { minLength: 1, maxLength: 3 }),
    comment: LINE.filter((text) => text !== ''),
  },
  { requiredKeys: ['operation'] },
)

/** A pagemap of which only page states are expected: the steps that are written `expect`. */
const EXPECTED: Arbitrary<Step> = fc
  .tuple(OPERATIONS.pagemap, fc.array(PATTERN, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([operation, pages, isUniform]) => {
    const count = operation.op === 'pagemap' ? Math.max(operation.range.pages, 0) : 0
    return { operation, expect: [{ errno: 0, pages: isUniform ? [{ ...pages[0]!, count }] : pages }] }
  })

export const anyProgram: Arbitrary<Program> = fc.record(
  {
    name: LINE.map((text) => text.trim()).filter((text) => text !== ''),
    memories: MEMORIES,
    steps: fc.array(fc.oneof(PERFORMED, COMMENTED, EXPECTED), { maxLength: 6 }),
  },
  { requiredKeys: ['steps'] },
)

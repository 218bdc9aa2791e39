/**
 * The line of every operation.
 * @module
 */
import { UFFD_API } from '@faultline/mm-types'
import { flag, optional, required, type Slot, usually, value } from './form.ts'
import { bits, hex, integer, name, PLACE_KIND, PROT, RANGE, spelled, word } from './kinds.ts'
import * as names from './names.ts'
import { type Advice, MEMORY_TYPES, type OperationName } from './operations.ts'
import type { TemplateOperation } from './program.ts'

/** The operations of a name. */
type Named<N, O = TemplateOperation> = O extends { readonly op: infer P } ? (N extends P ? O : never) : never

type FieldOf<O> = O extends unknown ? Exclude<keyof O & string, 'op' | 'process' | 'thread'> : never

/** The page sizes of hugetlb, as log2. */
const HUGE = [
  ['2M', 21],
  ['1G', 30],
] as const

const REGION = name('the name of a region')
const FILE = name('the name of a file')
const UFFD = name('the name of a userfaultfd')
const PROCESS = name('the name of a process')
const PAGES = integer('a page count')
const ANSWER = word('answer', names.ANSWERS)
const CATEGORIES = bits('category', names.SCAN_CATEGORIES)
const ZEROPAGE_MODE = bits('mode', names.ZEROPAGE_MODES)
const FILE_HUGE = spelled<21 | 30 | typeof names.MEMORY_PARAMETER>('huge page size', [...HUGE, ['memory', names.MEMORY_PARAMETER]])

const range = value('range', RANGE)
const uffd = value('uffd', UFFD)

/** The slots of every operation but comments, which have no line of their own. */
export const FORMS: { readonly [N in Exclude<OperationName, 'comment'>]: readonly Slot<FieldOf<Named<N>>>[] } = {
  file: [value('file', FILE), value('pages', PAGES), optional('hugeShift', FILE_HUGE, 'huge')],
  mmap: [
    value('region', REGION),
    value('pages', PAGES),
    value('memory', word('memory type', [...MEMORY_TYPES, names.MEMORY_PARAMETER])),
    value('prot', PROT),
    optional('file', FILE),
    optional('pgoff', integer('a page of the file')),
    optional('at', PLACE_KIND),
    optional('vpn', hex('a page number')),
    optional('hugeShift', spelled('huge page size', HUGE), 'huge'),
    flag('noreserve', true),
  ],
  munmap: [range],
  mprotect: [range, value('prot', PROT)],
  mremap: [
    range,
    value('region', name('the name of the new region')),
    value('newPages', PAGES),
    flag('mayMove'),
    flag('dontUnmap'),
    optional('to', PLACE_KIND),
  ],
  read: [value('at', PLACE_KIND)],
  write: [value('at', PLACE_KIND), value('value', integer('the stamp to write'))],
  fork: [value('child', PROCESS)],
  exit: [],
  userfaultfd: [uffd, usually('flags', bits('flag', names.USERFAULTFD_FLAGS), 0), flag('device', true)],
  api: [uffd, usually('features', bits('feature', names.FEATURES), 0), usually('version', hex('an API version'), UFFD_API)],
  register: [uffd, range, required('mode', bits('mode', names.REGISTER_MODES))],
  unregister: [uffd, range],
  writeprotect: [uffd, range, required('mode', bits('mode', names.WRITEPROTECT_MODES))],
  copy: [uffd, range, value('value', integer('the stamp to copy')), usually('mode', bits('mode', names.COPY_MODES), 0)],
  zeropage: [uffd, range, usually('mode', ZEROPAGE_MODE, 0)],
  continue: [uffd, range, usually('mode', bits('mode', names.CONTINUE_MODES), 0)],
  poison: [uffd, range, usually('mode', ZEROPAGE_MODE, 0)],
  wake: [uffd, range, usually('mode', bits('mode', names.WAKE_MODES), 0)],
  move: [uffd, range, required('from', PLACE_KIND), usually('mode', bits('mode', names.MOVE_MODES), 0)],
  close: [uffd],
  receive: [uffd, optional('child', UFFD)],
  monitor: [uffd, usually('missing', ANSWER, 'none'), usually('wp', ANSWER, 'none'), usually('minor', ANSWER, 'none')],
  madvise: [range, value('advice', word('advice', Object.keys(names.ADVICE) as Advice[]))],
  fallocate: [value('file', FILE), value('page', integer('the first page')), value('pages', PAGES), flag('punch')],
  ftruncate: [value('file', FILE), value('pages', PAGES)],
  mlock: [range],
  munlock: [range],
  reclaim: [range],
  migrate: [range],
  hwpoison: [range],
  khugepaged: [range],
  ksm: [range],
  swapoff: [],
  pagemap: [range],
  scan: [
    range,
    usually('flags', bits('flag', names.SCAN_FLAGS), 0),
    usually('inverted', CATEGORIES, 0),
    usually('mask', CATEGORIES, 0),
    usually('anyof', CATEGORIES, 0),
    usually('returned', CATEGORIES, 0, 'return'),
    usually('maxPages', PAGES, 0, 'max'),
    required('vecLen', integer('the length of the output vector'), 'vec'),
  ],
  clear_refs: [],
  status: [],
}

/** What the short form `uffd` takes: all that `userfaultfd` and `api` do. */
export const HANDSHAKE: readonly Slot[] = [...FORMS.userfaultfd, ...FORMS.api.filter((slot) => slot.field !== 'uffd')]

/**
 * The interfaces of the seams, as data: what `compare --with` and the conformance kit hold a stranger's policies against.
 *
 * A type checker knows better, where there is one. This is for what comes as JavaScript, or was built against another version.
 * @module
 */
import { LINUX_ANOMALIES } from './parts.ts'
import { boolean, type Fields, fn, integer, listOf, type Mismatch, maybe, mismatch, object, oneOf, type Shape, text } from './shape.ts'

const named: Fields = { name: text, source: text }
const MEMORY = oneOf('anon', 'shmem', 'hugetlb')

const encoding: Shape = object('a MarkerEncoding', {
  ...named,
  title: text,
  bits: integer,
  markerClass: oneOf(0, 1, 2, 3, 4, 5, 6, 7),
  wpLo: integer,
  wpHi: integer,
  wpTestLoMask: integer,
  wpTestLo: integer,
  wpTestHiMask: integer,
  wpTestHi: integer,
  swapTypesTaken: integer,
  collides: text,
  markerLo: fn('(bits) => number'),
  markerHi: fn('(bits) => number'),
  markerBits: fn('(lo, hi) => number'),
})

const arming: Shape = object('an ArmingPolicy', {
  ...named,
  needsTable: boolean,
  populates: boolean,
  mapsHugeZeroPage: boolean,
  noneIsArmed: boolean,
  wholeLevel: fn('(vpn, tables, pgd) => number'),
  armNone: fn('(lo, hi, from, to, context) => number'),
})

const collapse: Shape = object('a CollapsePolicy', {
  ...named,
  vmaAllows: fn('(vmFlags) => boolean'),
  scanPmd: fn('(lo, hi, base, scan) => number'),
  retracts: fn('(vmFlags) => boolean'),
})

const zap: Shape = object('a ZapPersistence', { ...named, keepsUffdWp: fn('(vmFlags, zapFlags) => boolean') })
const hugeWp: Shape = object('a HugeWpPolicy', { ...named, splitsWhenArmed: boolean, splitsOnWrite: boolean })

const pmdSharing: Shape = object('a PmdSharingPolicy', {
  ...named,
  mayShare: fn('(vmFlags) => boolean'),
  unsharesAtRegister: fn('(vmFlags) => boolean'),
  unsharesAtProtect: boolean,
})

const tlb: Shape = object('a TlbPolicy', {
  ...named,
  flushes: oneOf('each-pte', 'before-unlock', 'after-unlock'),
  unprotect: oneOf('drops-write', 'keeps-write', 'restores-write'),
  wpFaultFlushesIfPending: boolean,
  cowReuse: oneOf('mapcount', 'page_count', 'exclusive'),
  clearRefsLock: oneOf('read', 'write'),
})

const tracker: Shape = object('a TrackerPolicy', {
  ...named,
  mechanism: oneOf('uffd-wp-sync', 'uffd-wp-async', 'soft-dirty', 'mprotect', 'ideal'),
})

const backend: Fields = { ...named, fault: fn('(fault) => number') }

const anonBackend: Shape = object('an AnonBackend', {
  ...backend,
  name: oneOf('anon'),
  copyOnWrite: fn('(fault) => number'),
  swapIn: fn('(fault) => number'),
  swapOutEntry: fn('(fault, slot) => void'),
  swapOutRun: maybe(fn('(machine, table, from, to) => number')),
  shortcut: maybe(
    object('an AnonShortcut', {
      fault: fn('(fault) => number'),
      copyOnWrite: fn('(fault) => number'),
      swapIn: fn('(fault) => number'),
      mapNew: fn('(mm, vma, vpn, table, armed) => boolean'),
      mapZero: fn('(mm, vma, vpn, table, armed) => boolean'),
      reuse: fn('(mm, vma, table, index, lo, hi, disarms) => boolean'),
      bringBack: fn('(mm, vma, vpn, table, write, lo, hi) => boolean'),
    }),
  ),
})

const fileFields: Fields = {
  ...backend,
  findPage: fn('(machine, inode, pgoff, swapIn) => number'),
  hasPage: fn('(inode, pgoff) => boolean'),
  addPage: fn('(machine, inode, pgoff, stamp) => number'),
  removePages: fn('(machine, inode, from, to) => void'),
  reserve: maybe(fn('(machine, vma) => number')),
  unreserve: maybe(fn('(vma) => void')),
  reclaimPage: fn('(machine, inode, pgoff) => boolean'),
}
const shmemBackend: Shape = object('a FileBackend', { ...fileFields, name: oneOf('shmem') })
const hugetlbBackend: Shape = object('a FileBackend', { ...fileFields, name: oneOf('hugetlb') })

const uffd: Shape = object('a UffdSupport', {
  features: integer,
  wpMemory: listOf(MEMORY),
  minorMemory: listOf(MEMORY),
  ioctls: integer,
})

const calls: Shape = object('a CallSupport', {
  scanCategories: integer,
  guardRegions: oneOf('none', 'anon', 'anon and files'),
  userModeOnly: boolean,
  userfaultfdDevice: boolean,
  dontneedHugetlb: boolean,
  mremapHugetlb: boolean,
  writeProtectSpans: boolean,
  continueWp: boolean,
  forkClearsHugetlb: boolean,
  tellsChanging: boolean,
  swapInWritable: boolean,
  reusesLarge: oneOf('last', 'never', 'alone'),
  hugeZeroWriteAllocates: boolean,
  pagemapCountsEach: boolean,
  populateStopsAtHoles: boolean,
  splitMapsZeroPage: boolean,
  splitKeepsDirty: boolean,
  fillPreparesFirst: boolean,
  pagemapSeesSharedTables: boolean,
  mergeKeepsSoftDirty: boolean,
  mprotectUnaccounts: boolean,
  collapseHeedsMissing: boolean,
  reclaimsTables: boolean,
  mremapChecksFirst: boolean,
})

const design: Shape = object('a Design: an object such as { ...linux618, name: "mine" }', {
  name: text,
  title: text,
  reference: text,
  status: oneOf('live-checked', 'recorded', 'model only'),
  encoding,
  arming: object('{ file, anon, anonUnpopulated, unpopulatedFeatures }', {
    file: arming,
    anon: arming,
    anonUnpopulated: arming,
    unpopulatedFeatures: integer,
  }),
  zap,
  collapse,
  hugeWp,
  pmdSharing,
  tlb,
  tracker,
  backends: maybe(object('{ anon?, shmem? }', { anon: maybe(anonBackend), shmem: maybe(shmemBackend) })),
  uffd,
  calls,
  softDirty: boolean,
  forbidsZeropage: boolean,
  memoryFailure: boolean,
  anomalies: object('an Anomalies', Object.fromEntries(Object.keys(LINUX_ANOMALIES).map((name) => [name, boolean]))),
})

const INTERFACES = {
  design,
  encoding,
  arming,
  collapse,
  zap,
  hugeWp,
  pmdSharing,
  tlb,
  tracker,
  anonBackend,
  shmemBackend,
  hugetlbBackend,
} as const

/** What has an interface of its own: a design, or one of its seams. */
export type InterfaceName = keyof typeof INTERFACES

/** The first field of a value that is not as the interface wants it: missing, or of another type. Undefined when all are right. */
export function interfaceMismatch(value: unknown, of: InterfaceName): Mismatch | undefined {
  return mismatch(value, INTERFACES[of])
}

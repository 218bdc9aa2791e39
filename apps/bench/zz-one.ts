import { warm } from '/work/wt/lead/apps/bench/src/speed/model-side.ts'
import { Stage, FIRST_VPN } from '/work/wt/lead/apps/bench/src/speed/stage.ts'
import { createModel, designs, findDesign } from '/work/wt/lead/packages/designs/src/index.ts'
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '/work/wt/lead/packages/mm-types/src/index.ts'
const what = process.argv[2]!, rounds = Number(process.argv[3] ?? 40), all = process.argv[4] !== 'one'
const design = findDesign('linux-6.18')!
for (const each of all ? designs : [design]) warm(new Stage(createModel(each).open(), each, 2048))
const P = 65536
const s = new Stage(createModel(design).open(), design, P)
const SYNC = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM, ASYNC = SYNC | UFFD_FEATURE_WP_ASYNC
const best: Record<string, number[]> = {}
const t = (name: string, units: number, work: () => void) => { const c = process.cpuUsage(); work(); const d = process.cpuUsage(c); (best[name] ??= []).push((d.user + d.system) * 1000 / units) }
const scenes: Record<string, () => void> = {
  async() { for (let k = 0; k < 4; k++) { s.protect(true); t('wpfault-async-seq', P, () => s.touch()) } },
  asyncr() { s.protect(true); t('wpfault-async-rand', P, () => s.touchInOrder(s.order)) },
  fault() { s.map(); s.do({ op: 'madvise', range: s.first(), advice: 'nohugepage' }); t('fault-seq', P, () => s.touch()); s.unmap() },
  faultr() { s.map(); s.do({ op: 'madvise', range: s.first(), advice: 'nohugepage' }); t('fault-rand', P, () => s.touchInOrder(s.order)); t('dontneed', P, () => s.do({op:'madvise', range: s.first(), advice:'dontneed'})); s.unmap() },
  hit() { s.touch(512); t('access-hit', P * 4, () => { for (let i = 0; i < P * 4; i++) s.session.access('main', FIRST_VPN + (i & 511), true, i) }) },
  miss() { t('tlb-miss', P, () => s.load()) },
  mread() { s.map(); s.watch(ASYNC); s.protect(true); t('marker-read', P, () => s.load()); s.unmap(); s.close() },
  mwrite() { s.map(); s.watch(ASYNC); s.protect(true); t('marker-write', P, () => s.touch()); s.unmap(); s.close() },
  resolve() { s.protect(true); t('resolve', 8192, () => { for (let p = 0; p < 8192; p++) s.protectOne(p, false) }) },
}
const needsMap = new Set(['async', 'asyncr', 'hit', 'miss', 'resolve'])
const list = what.split(',')
if (list.some((w) => needsMap.has(w))) { s.map(); s.do({ op: 'madvise', range: s.first(), advice: 'nohugepage' }); s.touch(); s.watch(what === 'resolve' ? SYNC : ASYNC) }
for (let r = 0; r < rounds; r++) for (const w of list) scenes[w]()
const med = (a: number[]) => a.slice(a.length >> 1).sort((x, y) => x - y)[a.length >> 2]!
console.log(Object.entries(best).map(([k, v]) => `${k} ${med(v).toFixed(1)}`).join('  '))

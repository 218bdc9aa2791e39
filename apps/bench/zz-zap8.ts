import { warm } from '/work/wt/zap8/apps/bench/src/speed/model-side.ts'
import { Stage } from '/work/wt/zap8/apps/bench/src/speed/stage.ts'
import { createModel, designs, findDesign } from '/work/wt/zap8/packages/designs/src/index.ts'
import { UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_HUGETLBFS_SHMEM, UFFD_FEATURE_WP_UNPOPULATED } from '/work/wt/zap8/packages/mm-types/src/index.ts'
const what = process.argv[2]!, rounds = Number(process.argv[3] ?? 40), all = process.argv[4] !== 'one'
const design = findDesign('linux-6.18')!
for (const each of all ? designs : [design]) warm(new Stage(createModel(each).open(), each, 2048))
const P = 65536, F = 1024
const s = new Stage(createModel(design).open(), design, P)
const SYNC = UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_HUGETLBFS_SHMEM, ASYNC = SYNC | UFFD_FEATURE_WP_ASYNC
const best: Record<string, number[]> = {}
const junk = new Int32Array(1 << 22)
const t = (name: string, units: number, work: () => void) => { if (process.env.COLD) junk.fill(1); const c = process.cpuUsage(); const w = process.hrtime.bigint(); work(); const wall = Number(process.hrtime.bigint() - w); const d = process.cpuUsage(c); (best[name] ??= []).push((wall < 100000 ? wall : Math.min(wall, (d.user + d.system) * 1000)) / units) }
const noh = () => s.do({ op: 'madvise', range: s.first(), advice: 'nohugepage' })
const scenes: Record<string, () => void> = {
  touched() { s.map(); noh(); t('fault-seq', P, () => s.touch()); s.watch(ASYNC); s.protect(true); t('async-seq', P, () => s.touch()); s.protect(true); t('async-rand', P, () => s.touchInOrder(s.order))
    s.protect(false); t('fork', P, () => s.do({ op: 'fork', child: 'child' })); t('child-exit', P, () => s.do({ op: 'exit', process: 'child' })); t('munmap', P, () => s.unmap()); s.close() },
  random() { s.map(); noh(); t('fault-rand', P, () => s.touchInOrder(s.order)); t('dontneed', P, () => s.do({op:'madvise', range: s.first(), advice:'dontneed'})); s.unmap() },
  sparse() { s.map(F*512); t('fault-sparse', F, () => s.touch(F, 512)); t('munmap-sparse', F, () => s.unmap(F*512)) },
  thp() { s.map(); s.do({ op: 'madvise', range: s.first(), advice: 'hugepage' }); t('thp-fault', P / 512, () => s.touch(P / 512, 512)); t('thp-unmap', P / 512, () => s.unmap()) },
  hugetlb() { s.map(P, 'hugetlb-private' as any); t('hugetlb-fault', P / 512, () => { s.memory = 'hugetlb-private' as any; s.touch(P / 512, 512); s.memory = 'anon' as any }); s.do({ op: 'munmap', range: s.first(P, 'hugetlb-private' as any) }) },
  swap() { s.map(); s.touch(); t('swap-out', P, () => s.do({ op: 'madvise', range: s.first(), advice: 'pageout' })); t('swap-in', P, () => s.touch()); s.unmap() },
}
const list = what.split(',')
for (let r = 0; r < rounds; r++) for (const w of list) scenes[w]()
const med = (a: number[]) => { const b = a.slice(a.length >> 1).sort((x, y) => x - y); return `${b[0].toFixed(1)}/${b[b.length >> 1].toFixed(1)}` }
console.log(JSON.stringify(Object.fromEntries(Object.entries(best).map(([k, v]) => [k, med(v)]))))

import { fuzz, shrink, type FuzzResult } from './src/fuzz/index.ts'
import { createModel, findDesign } from '@faultline/designs'
import { printProgram, programOf, MEMORY_TYPES } from '@faultline/program'
const [a='linux-6.18', b='', n='200', seed='1', ops='30', mem='all', showK='12'] = process.argv.slice(2)
const A = createModel(findDesign(a)!)
let B: any
if (b === 'linux') { const m = await import('@faultline/linux' as string).catch(()=>import('../linux/src/index.ts' as string)); B = m.linuxSystem() } else B = createModel(findDesign(b || a)!)
const feats = findDesign(a)!.uffd.features & (b && b!=='linux' ? findDesign(b)!.uffd.features : 0x1ffff)
const pair = { a: A, b: B, ignored: new Set((process.env.IGNORE ?? '').split(',')) }
const r: FuzzResult = await fuzz(pair, { memories: mem==='all'?MEMORY_TYPES:mem.split(',') as any, operations: +ops, features: feats, seed:+seed, programs:+n, totalOperations:1e9, milliseconds:+(process.env.MS??6e5), differences: 1e9, batch: +(process.env.BATCH??32) })
console.log(`${r.programs} programs ${r.operations} ops ${r.milliseconds|0}ms = ${(r.programs/r.milliseconds*1000)|0}/s; ${r.found.length} differ`, [...r.inexpressible])
const kinds = new Map<string, typeof r.found>()
for (const f of r.found) { const k = f.difference.kind; kinds.set(k, [...(kinds.get(k)??[]), f]) }
const seen = new Map<string, number>()
for (const [k, fs] of [...kinds].sort((x,y)=>y[1].length-x[1].length).slice(0, +showK)) {
  const s = await shrink(pair, fs[0].program, fs[0].difference, 1500)
  console.log(`\n#### ${fs.length} x ${k}   (tried ${s.tried})`)
  let t: string; try { t = printProgram(programOf(s.difference.script)) } catch { t = JSON.stringify(s.difference.script) }
  console.log(t.split('\n').slice(1).join('\n').trim()); console.log(`   A ${s.difference.field.field}: ${s.difference.field.a}\n   B ${s.difference.field.field}: ${s.difference.field.b}`)
}
if (process.env.COV) { const c = r.coverage.summary(); console.log(c.reached, c.possible, c.never.length); for (const [op,e] of r.coverage.endings) console.log(op, [...e].map(([k,v])=>k+':'+v).join(' ')) }
process.exit(0)

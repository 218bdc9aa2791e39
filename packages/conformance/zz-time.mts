import { createModel, findDesign } from '@faultline/designs'
import { linuxSystem } from '../linux/src/index.ts'
import { runFirst } from './src/fuzz/runs.ts'
import { generateProgram, programSeed } from './src/fuzz/index.ts'
import { MEMORY_TYPES, printOperation } from '@faultline/program'
const A = createModel(findDesign('linux-6.18')!); const B = linuxSystem()
const by = new Map<string, [number, number]>(); let worst: [number,string][] = []
const N=+(process.argv[2]??16)
for (let i=0;i<N;i++) { const p = generateProgram(programSeed(1,i), { memories: MEMORY_TYPES, operations: 30, features: 0x1ffff }); const s = await runFirst(A,p)
 const t0=performance.now(); const ses = B.open(); let slow=''
 for (const o of s.operations) { const t=performance.now(); let a:any; try { a = await ses.perform(o) } catch(e) { a={crash:String(e).slice(0,200)} } const d=performance.now()-t; const k=o.op; const e=by.get(k)??[0,0]; e[0]+=d; e[1]++; by.set(k,e); if (d>20) worst.push([d, printOperation(o)+' '+JSON.stringify(a).slice(0,200)]) ; if (a.crash) break }
 const tc=performance.now(); await ses.close(); console.log(i, s.operations.length, (tc-t0)|0,'close',(performance.now()-tc)|0) }
for (const [k,[d,n]] of [...by].sort((a,b)=>b[1][0]-a[1][0]).slice(0,15)) console.log(k, d|0,'ms',n,(d/n).toFixed(2))
console.log(worst.sort((a,b)=>b[0]-a[0]).slice(0,14).map(w=>w.join(' ')).join('\n')); process.exit(0)

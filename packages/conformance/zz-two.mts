import { createModel, findDesign } from '@faultline/designs'
import { parseProgram, instantiate } from '@faultline/program'
import { runFirst } from './src/fuzz/runs.ts'
const p = instantiate(parseProgram(`faultline-program 1
file F1 4
mmap R2 4 shmem rw file=F1
mmap R3 4 shmem rw file=F1
mmap R4 1024 shmem rw at=R2+4
userfaultfd u5
api u5 features=minor_shmem,wp_hugetlbfs_shmem,wp_unpopulated,move
register u5 R2 0 4 mode=missing,wp
register u5 R3 0 4 mode=wp
monitor u5 wp=unprotect minor=continue
mlock R2 1 1
.t1: write R3+3 65
.t1: fallocate F1 0 4
.t1: unregister u5 R3 0 4
.t1: fallocate F1 0 4 punch
.t1: writeprotect u5 R2 0 4 mode=0
.t1: zeropage u5 R3 3 1
.t1: writeprotect u5 R2 3 1 mode=0
.t1: read R3+2
.t1: receive u5 child=u6
.t1: monitor u5 minor=continue-wp
.t1: scan R3 0 4 mask=written max=1 vec=32
.t1: write R3 55
`)).steps.map(s=>s.operation)
const A = createModel(findDesign('linux-6.18')!)
let prev: any
for (let i=0;i<3;i++) { const s = await runFirst(A, p); console.log(s.operations.length); 
 if (prev) s.answers.forEach((a,k)=>{ if (JSON.stringify(a)!==JSON.stringify(prev.answers[k])) console.log(i,k,JSON.stringify(s.operations[k]),JSON.stringify(a).slice(0,300),JSON.stringify(prev.answers[k]).slice(0,300)) }); prev=s }
const sess = A.open(); for (const [k,o] of prev.operations.entries()) { const a = sess.perform(o); if (JSON.stringify(a)!==JSON.stringify(prev.answers[k])) console.log('replay',k,JSON.stringify(o),JSON.stringify(a).slice(0,300),JSON.stringify(prev.answers[k]).slice(0,300)) }

import { createModel, findDesign } from '@faultline/designs'
const A = createModel(findDesign('linux-6.18')!)
for (let k=0;k<3;k++){ const t=performance.now(); for (let i=0;i<500;i++){ const s=A.open(); s.close() } console.log((performance.now()-t)/500,'ms/open') }
process.exit(0)

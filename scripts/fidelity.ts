// Measures which layers run which file, and writes docs/fidelity.md. With `--text` the layers are those measured last.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderLedger } from './fidelity-ledger.ts'
import { type Layers, measureLayers } from './fidelity-measure.ts'

const root = join(import.meta.dirname, '..')
const measured = join(import.meta.dirname, 'fidelity-layers.json')

if (!process.argv.includes('--text')) writeFileSync(measured, `${JSON.stringify(await measureLayers(), null, 2)}\n`)
const layers = JSON.parse(readFileSync(measured, 'utf8')) as Layers
writeFileSync(join(root, 'docs', 'fidelity.md'), renderLedger(root, layers))

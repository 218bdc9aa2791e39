/**
 * Who is measured: the model in processes of its own, the C reference, the running kernel.
 * @module
 */
import { fileURLToPath } from 'node:url'
import { type CProgram, compileC } from '@faultline/linux'
import type { ModelOrder } from './model-side.ts'
import { SPEED_OPERATIONS, scenesOf } from './operations.ts'
import { openSide, type Side } from './side.ts'

const NATIVE = fileURLToPath(new URL('../../native', import.meta.url))
const BIN = fileURLToPath(new URL('../../bin/faultline.mjs', import.meta.url))

/** What is to be measured. */
export interface SpeedOrder extends Omit<ModelOrder, 'designs'> {
  /** `both`: a second process with the one design, to compare with. */
  readonly designs: 'all' | 'one' | 'both'
  /** `bare`: the reference calls faults directly, without TLB, contents and reverse mapping. */
  readonly reference: 'full' | 'bare'
}

/** Sides that could be opened, and why others could not. */
export interface OpenSides {
  readonly sides: readonly Side[]
  readonly missing: readonly string[]
}

/** The C version of the same simulation. */
export const REFERENCE: CProgram = {
  name: 'speed-reference',
  title: 'the C reference',
  directory: NATIVE,
  sources: ['reference.c', 'reference-ranges.c', 'reference-scenes.c'],
}
const PROBE: CProgram = { name: 'speed-kernel', title: 'the kernel probe', directory: NATIVE, sources: ['kernel-probe.c'] }

/** Opens every side that this machine has. The model's is the first. */
export async function openSides(order: SpeedOrder): Promise<OpenSides> {
  const { designs, pages, operations } = order
  const scenes = scenesOf(SPEED_OPERATIONS.filter(({ name }) => operations.includes(name))).join(',')
  const missing: string[] = []
  const sides: Side[] = []
  const native = async (name: 'reference' | 'kernel', program: CProgram): Promise<void> => {
    try {
      sides.push(await openSide(name, compileC(program), [`${pages}`, scenes]))
    } catch (error) {
      missing.push(firstLine((error as Error).message))
    }
  }
  sides.push(await openModel({ ...order, designs: designs === 'one' ? 'one' : 'all' }, 'model'))
  if (designs === 'both') sides.push(await openModel({ ...order, designs: 'one' }, 'one'))
  await native('reference', order.reference === 'bare' ? { ...REFERENCE, name: 'speed-reference-bare', flags: ['-DBARE'] } : REFERENCE)
  if (process.platform === 'linux') await native('kernel', PROBE)
  else missing.push(`the kernel column needs Linux, and this is ${process.platform}`)
  return { sides, missing }
}

function openModel({ design, designs, pages, operations }: ModelOrder, name: 'model' | 'one'): Promise<Side> {
  const order: ModelOrder = { design, designs, pages, operations }
  return openSide(name, process.execPath, [BIN, 'speed', '--serve', JSON.stringify(order)])
}

function firstLine(text: string): string {
  return text.replace(/\s*\n[\s\S]*?;/, ' …;')
}

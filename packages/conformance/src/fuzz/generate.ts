/**
 * Random programs: weighted operations over the mappings, files, processes and userfaultfds a program has made.
 * @module
 */
import type { Operation } from '@faultline/program'
import { FILE_MAKERS, MEMORY_MAKERS, PROCESS_MAKERS, SOFT_DIRTY_MAKERS } from './generate-memory.ts'
import { type GeneratorOptions, generateSetup } from './generate-setup.ts'
import { UFFD_MAKERS } from './generate-uffd.ts'
import { Random } from './random.ts'
import { spoil } from './spoil.ts'
import { World } from './world.ts'

/** Share of operations whose arguments are made wrong, in percent. */
const SPOILED = 5

/** A random program. The same seed and options give the same program. */
export function generateProgram(seed: number, options: GeneratorOptions): Operation[] {
  const random = new Random(seed)
  const world = new World(random)
  const operations = generateSetup(world, options)
  const makers = [
    ...MEMORY_MAKERS,
    ...PROCESS_MAKERS,
    ...UFFD_MAKERS,
    ...(world.files.length > 0 ? FILE_MAKERS : []),
    ...(options.softDirty ? SOFT_DIRTY_MAKERS : []),
  ]
  while (operations.length < options.operations) {
    const made = random.weighted(makers)(world, options)
    for (const operation of made) operations.push(random.chance(SPOILED) ? spoil(random, operation) : operation)
  }
  return operations
}

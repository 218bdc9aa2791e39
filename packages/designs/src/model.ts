/**
 * Puts a kernel together: the one place that knows concrete backends and policies.
 * @module
 */
import { anonBackend } from '@faultline/backend-anon'
import { createHugetlbBackend, type HugetlbPool } from '@faultline/backend-hugetlb'
import { shmemBackend } from '@faultline/backend-shmem'
import { type ComposedKernel, type KernelSettings, type ModelSystem, modelSystem, SimulatedKernel } from '@faultline/mm'
import type { AnonBackend, Design } from '@faultline/mm-types'
import { ChunkStock, createMachine, type MachineLimits } from '@faultline/pagetable-core'
import { createKhugepaged, KHUGEPAGED_DEFAULTS } from '@faultline/policy-khugepaged'
import { clearSoftDirty } from '@faultline/policy-soft-dirty'
import { UserfaultfdSubsystem } from '@faultline/policy-uffd'
import { checkDesign } from './check.ts'

/** What a machine is like apart from the design it runs. */
export interface ModelSettings extends Partial<KernelSettings> {
  readonly limits?: MachineLimits
  readonly hugetlb?: HugetlbPool
  /** In the place of the anonymous backend: for whoever steps through a fault. */
  readonly anon?: AnonBackend
}

/** The backends of a design that brings none of its own. */
export const modelBackends: Required<NonNullable<Design['backends']>> = { anon: anonBackend, shmem: shmemBackend }

/**
 * A fresh kernel of a design.
 *
 * @param stock - buffers that other kernels gave back
 * @throws ExpressionError for one whose choices exclude each other
 */
export function composeKernel(design: Design, settings: ModelSettings = {}, stock = new ChunkStock()): ComposedKernel {
  checkDesign(design)
  const machine = createMachine(settings.limits, { lo: design.encoding.wpLo, hi: design.encoding.wpHi }, stock)
  const kernel = new SimulatedKernel({
    machine,
    design,
    backends: {
      anon: settings.anon ?? design.backends?.anon ?? modelBackends.anon,
      shmem: design.backends?.shmem ?? modelBackends.shmem,
      hugetlb: createHugetlbBackend(settings.hugetlb),
    },
    settings,
  })
  const uffd = new UserfaultfdSubsystem(machine.counters)
  kernel.uffd = uffd
  return { kernel, uffd, khugepaged: createKhugepaged(KHUGEPAGED_DEFAULTS), softDirty: { clear: clearSoftDirty } }
}

/** The model of a design as a System; each session is a fresh kernel. @throws ExpressionError for one whose choices exclude each other */
export function createModel(design: Design, settings: ModelSettings = {}): ModelSystem {
  checkDesign(design)
  const stock = new ChunkStock()
  return modelSystem(`${design.name} (model)`, () => composeKernel(design, settings, stock))
}

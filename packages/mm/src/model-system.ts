/**
 * The model as a System: opens sessions on fresh kernels of one design.
 * @module
 */
import type { System } from '@faultline/program'
import type { ComposedKernel } from './laboratory.ts'
import { ModelSession } from './model-session.ts'

/** A system whose sessions answer at once. */
export interface ModelSystem extends System {
  readonly kind: 'model'
  /** A fresh kernel with one process, `main`. */
  open(): ModelSession
}

/**
 * The system of one design.
 *
 * @param compose - builds a fresh kernel for each session
 */
export function modelSystem(name: string, compose: () => ComposedKernel): ModelSystem {
  return { name, kind: 'model', open: () => new ModelSession(name, compose()) }
}

export { CLEAR_REFS_SOFT_DIRTY, clearSoftDirty, isSoftDirty } from './soft-dirty.ts'
export { softDirtyTracker } from './tracker.ts'

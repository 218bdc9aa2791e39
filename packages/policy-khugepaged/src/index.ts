/**
 * khugepaged: which ranges of 2 MiB become huge pages, and how.
 * @module
 */

export { collapseRange, createKhugepaged } from './collapse.ts'
export { collapseAnon } from './collapse-anon.ts'
export { collapseFile } from './collapse-file.ts'
export type { CollapseRequest } from './collapse-request.ts'
export { blind } from './policy/blind.ts'
export { never } from './policy/never.ts'
export { perPte } from './policy/per-pte.ts'
export { perVma } from './policy/per-vma.ts'
export { retractAlways } from './policy/retract-always.ts'
export { KHUGEPAGED_DEFAULTS, scanTable } from './scan.ts'

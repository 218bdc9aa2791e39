/**
 * Questions that a system answers by running a small program: what may be done to which pages, and by whom.
 * @module
 */
export { type Asker, ask, type Opener, programName, programOf, type Refusal, type Reply, type Way, waysOf } from './ask.ts'
export { GROUNDS, type Ground, type PageType } from './grounds.ts'
export { ORDINARY_FILES, type ReadAnswer } from './ordinary-files.ts'
export { QUESTIONS, type Question } from './questions.ts'
export { recordAnswers } from './record.ts'

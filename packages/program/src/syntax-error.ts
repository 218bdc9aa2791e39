/** Where a piece of text stands. */
export interface Position {
  /** Name of the text, as given to the parser. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

/** Thrown for text that is not a program: says where, what is wrong, and what would be right. */
export class ProgramSyntaxError extends Error implements Position {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly problem: string
  readonly remedy: string
  constructor(position: Position, problem: string, remedy: string) {
    super(`${position.file}:${position.line}:${position.column}: ${problem}; ${remedy}`)
    this.name = 'ProgramSyntaxError'
    this.file = position.file
    this.line = position.line
    this.column = position.column
    this.problem = problem
    this.remedy = remedy
  }
}

/** Thrown by the printer for data that has no spelling, such as a region whose name holds a space. */
export class UnprintableError extends Error {
  constructor(problem: string, remedy: string) {
    super(`${problem}; ${remedy}`)
    this.name = 'UnprintableError'
  }
}

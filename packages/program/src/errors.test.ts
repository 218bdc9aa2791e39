import { describe, expect, test } from 'vitest'
import { ProgramSyntaxError, parseProgram } from './index.ts'

/** The error of a program whose second line is `line`. */
function errorOf(line: string): ProgramSyntaxError {
  try {
    parseProgram(`faultline-program 1\n${line}`, 'x.fl')
  } catch (error) {
    if (error instanceof ProgramSyntaxError) return error
    throw error
  }
  throw new Error(`accepted: ${line}`)
}

describe('a wrong line', () => {
  test.each([
    ['wirte A 7', 1, 'unknown operation "wirte"', 'did you mean "write"?'],
    ['constructor A', 1, 'unknown operation "constructor"', 'one of: file mmap'],
    ['  mmap A 16 anom rw', 13, 'unknown memory type "anom"', 'did you mean "anon"?'],
    ['mmap A 16 anon rq', 16, 'unknown protection "rq"', 'write letters of rwx'],
    ['mmap A 16 anon rw fil=f', 19, 'mmap has no "fil"', 'did you mean "file"?'],
    ['mmap A 16 anon rw at=A+x', 22, '"A+x" is not a place', 'write a region'],
    ['mmap A 16 hugetlb rw huge=2G', 27, 'unknown huge page size "2G"', 'did you mean "2M"?'],
    ['mmap A 16 anon rw file', 19, '"file" has no value', 'write file= and the name of a file'],
    ['register u A 0 16 mode=wp,minr', 27, 'unknown mode "minr"', 'did you mean "minor"? (or a number)'],
    ['register u A 0 16', 18, 'register needs mode=', 'write mode= and mode'],
    ['register u A 16 mode=wp', 17, 'the page count of a range is missing', 'write region, first page and pages: A 0 16'],
    ['api u features=wp_unpopulate', 16, 'unknown feature "wp_unpopulate"', 'did you mean "wp_unpopulated"?'],
    ['api u features=0 features=1', 18, '"features" stands twice', 'write it once'],
    ['wake u A 0 1 mode=dontwake', 19, 'unknown mode "dontwake"', 'it has no named bits: write a number'],
    ['madvise A 0 4 dontneeed', 15, 'unknown advice "dontneeed"', 'did you mean "dontneed"?'],
    ['madvise A 0 4', 14, 'advice is missing', 'write advice here'],
    ['write A 9007199254740993', 9, '"9007199254740993" is too large', 'use numbers below 2^53'],
    ['write A seven', 9, '"seven" is not a number', 'write decimal (16) or hexadecimal (0x10)'],
    ['exit now', 6, 'exit has no "now"', 'exit ends before it'],
    ['fallocate f 0 4 punch=yes', 17, '"punch" takes no value', 'write punch alone'],
    ['fork 2nd', 6, '"2nd" is not the name of a process', 'use letters, digits and _'],
    ['a-b: exit', 1, '"a-b:" names no process or thread', 'write child:, child.t1: or .t1:'],
    ['child:', 7, 'an operation is missing', 'write an operation here'],
    ['@anon,shmm read A', 7, 'unknown memory type "shmm"', 'did you mean "shmem"?'],
    ['@anon,anon read A', 7, '"anon" stands twice', 'write it once'],
    ['read A => ENOTN', 11, 'unknown outcome "ENOTN"', 'did you mean "ENOENT"?'],
    ['read A => enoent', 11, 'unknown outcome "enoent"', 'did you mean "ENOENT"?'],
    ['read A =>', 10, 'an outcome, such as ok, ENOENT or value 7, is missing', 'write'],
    ['read A => ok; blocked', 15, 'a second ending', 'after ; write one of: no message finished pages region'],
    ['read A => value 7 value 8', 19, '"value" stands twice', 'write it once'],
    ['read A => message pagefalt A', 19, 'unknown event "pagefalt"', 'did you mean "pagefault"?'],
    ['read A => no mesages', 14, 'unknown list "mesages"', 'did you mean "messages"?'],
    ['read A => message pagefault [none', 29, 'the page state does not end', 'close it with ]'],
    ['expect A 0 4 present anon exl', 27, 'unknown word of a page state "exl"', 'did you mean "excl"?'],
    ['expect A 0 4 present excl anon', 14, 'unknown page state "present excl anon"', 'did you mean "present anon'],
    ['expect A 0 4 none => ok extra', 25, 'unknown outcome "extra"', 'one of: ok'],
    ['scan A 0 4 vec=1 => region A written', 28, 'a region has a start and an end', 'write it as A+0..A+4'],
    ['memory anon shmem anon', 19, '"anon" stands twice', 'write it once'],
    ['memory', 7, 'memory type is missing', 'write memory type here'],
    ['name', 5, 'the name is missing', 'write the name'],
  ])('%s', (line, column, problem, remedy) => {
    const error = errorOf(line)
    expect(error.problem).toBe(problem)
    expect(error.remedy).toContain(remedy)
    expect(error).toMatchObject({ file: 'x.fl', line: 2, column })
    expect(error.message).toBe(`x.fl:2:${column}: ${error.problem}; ${error.remedy}`)
  })

  test('what comes too late', () => {
    expect(errorOf('exit\nmemory anon')).toMatchObject({ line: 3, column: 1, problem: '"memory" after the first operation' })
    expect(errorOf('memory anon\nmemory shmem').problem).toBe('a second line of memory types')
    expect(errorOf('name a\nname b').problem).toBe('a second name')
  })

  test('the first line', () => {
    expect(() => parseProgram('', 'x.fl')).toThrow('x.fl:1:1: this is not a program; its first line is "faultline-program 1"')
    expect(() => parseProgram('faultline-program 2', 'x.fl')).toThrow('x.fl:1:19: unknown version "2"; write 1')
  })
})

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkWritable, writeWhole } from './output.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file is replaced and nothing else is left behind', () => {
  const path = join(folder, 'a.json')
  writeFileSync(path, 'old')
  writeWhole(path, 'new')
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readdirSync(folder)).toEqual(['a.json'])
})

test('a symbolic link stays one', () => {
  writeFileSync(join(folder, 'real'), 'old')
  symlinkSync('real', join(folder, 'link'))
  writeWhole(join(folder, 'link'), 'new')
  expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new')
})

test('checking writes nothing and keeps what is there', () => {
  const path = join(folder, 'a.json')
  checkWritable(path)
  expect(readdirSync(folder)).toEqual([])
  writeFileSync(path, 'old')
  checkWritable(path)
  expect(readFileSync(path, 'utf8')).toBe('old')
})

test.each([writeWhole, checkWritable])('%o says why it cannot write', (write) => {
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'file'), '')
  expect(() => write(join(folder, 'none', 'a'), '')).toThrow('its directory does not exist')
  expect(() => write(join(folder, 'file', 'a'), '')).toThrow('a part of its path is not a directory')
  expect(() => write(join(folder, 'sub'), '')).toThrow('it is a directory')
})

test.runIf(existsSync('/dev/full'))('a full disk is one clear line', () => {
  expect(() => writeWhole('/dev/full', 'text')).toThrow(/^cannot write "\/dev\/full": the disk is full$/)
})

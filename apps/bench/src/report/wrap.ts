const LINE_WIDTH = 116

/** Breaks a sentence into lines; those after the first begin with `indent`. */
export function wrap(sentence: string, indent = '  '): string {
  let line = ''
  let text = ''
  for (const word of sentence.split(' ')) {
    if (line.length + 1 + word.length > LINE_WIDTH) {
      text += `${line}\n`
      line = `${indent}${word}`
    } else line += line === '' ? word : ` ${word}`
  }
  return text + line
}

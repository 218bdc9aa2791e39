import { expect } from 'vitest'
import { faultline } from './run.ts'

/** A document with what its commands print now between `<!-- run: ARGUMENTS -->` and `<!-- end -->`. */
export async function withRuns(document: string): Promise<string> {
  let text = document
  for (const [block, args] of document.matchAll(/<!-- run: (.*?) -->\n[\s\S]*?<!-- end -->/g)) {
    const { code, out } = await faultline(...args.split(' '))
    expect(code).toBe(0)
    text = text.replace(block, () => `<!-- run: ${args} -->\n\`\`\`text\n${out.trimEnd()}\n\`\`\`\n<!-- end -->`)
  }
  return text
}

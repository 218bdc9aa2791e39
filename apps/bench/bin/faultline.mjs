#!/usr/bin/env node
// The `faultline` command. In a checkout it runs the TypeScript sources, so it can never be older than they are; installed
// from a registry it runs dist/. Either way the entry is `main(args)` of main.ts, which answers with the exit code.
import { existsSync } from 'node:fs'
import { register } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// V8 stops inlining small functions into a hot one after 920 bytecodes of them; the ways of an access and of a message are longer.
// With room for all: a synchronous fault 292 -> 233 ns, a page resolved 69 -> 54 (docs/hot-paths.md).
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000')

const checkout = existsSync(new URL('../../../pnpm-workspace.yaml', import.meta.url))
if (checkout) {
  register('./source-condition.mjs', import.meta.url)
  const tsx = await import('tsx/esm/api')
  tsx.register()
}
const { main } = await import(checkout ? '../src/main.ts' : '../dist/main.js')
process.exitCode = await main(process.argv.slice(2))

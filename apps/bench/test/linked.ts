/** A folder of a third party's, with our packages and types where npm would put them, and its sources built. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Makes node_modules in a folder. */
export function linkPackages(parent: string): void {
  const modules = join(parent, 'node_modules')
  mkdirSync(join(modules, '@faultline'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'packages'))) symlinkSync(join(ROOT, 'packages', name), join(modules, '@faultline', name))
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(modules, '@types'))
}

/** Compiles policy.ts and policy.test.ts of a package, without asking about types. */
export function buildPackage(folder: string): void {
  mkdirSync(join(folder, 'dist'))
  for (const file of ['policy', 'policy.test']) {
    const source = readFileSync(join(folder, 'src', `${file}.ts`), 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext } })
    writeFileSync(join(folder, 'dist', `${file}.js`), outputText)
  }
}

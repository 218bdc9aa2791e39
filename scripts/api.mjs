// npm run api writes what each entry of each package offers to packages/*/etc/*.api.md; npm run api:check fails where that is not what the
// sources offer, so that every change of an interface is a difference someone has read. Needs the declarations: `tsc -b` first.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { entriesOf, publicPackages, ROOT } from './release/workspace.mjs'

const check = process.argv.includes('--check')

/** `mm.api.md`, `workloads.load-file.api.md` */
const reportName = (folder, key) => `${folder.split(/[\\/]/).at(-1)}${key.slice(1).replace('/', '.')}.api.md`

function configOf({ folder, manifest }, { key, types }, scratch) {
  const message = (logLevel, addToApiReportFile = false) => ({ default: { logLevel, addToApiReportFile } })
  return ExtractorConfig.prepare({
    configObjectFullPath: join(folder, 'api-extractor.json'), // not read: relative paths start here
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2023',
            module: 'NodeNext',
            moduleResolution: 'NodeNext',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          include: ['dist/**/*.d.ts'],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: reportName(folder, key),
        reportFolder: join(folder, 'etc'),
        reportTempFolder: scratch,
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: message(ExtractorLogLevel.Error),
        // Names that are used in a signature and not exported stay in the report, where a reader sees them.
        extractorMessageReporting: {
          ...message(ExtractorLogLevel.None),
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        },
        tsdocMessageReporting: message(ExtractorLogLevel.None),
      },
    },
    packageJson: manifest,
  })
}

const scratch = join(ROOT, 'node_modules', '.cache', 'api')
mkdirSync(scratch, { recursive: true })
const wanted = publicPackages().flatMap((one) => {
  mkdirSync(join(one.folder, 'etc'), { recursive: true })
  return entriesOf(one.manifest).map((entry) => ({ specifier: entry.specifier, folder: one.folder, config: configOf(one, entry, scratch) }))
})

const unbuilt = wanted.filter(({ config }) => !existsSync(config.mainEntryPointFilePath))
if (unbuilt.length > 0) {
  console.error(`no declarations of ${unbuilt.map(({ specifier }) => specifier).join(', ')}: run "npx tsc -b" first`)
  process.exit(1)
}

// One program of all entries: parsing them once takes most of the time.
const compilerState = CompilerState.create(wanted[0].config, {
  additionalEntryPoints: wanted.map(({ config }) => config.mainEntryPointFilePath),
})
let failed = 0
for (const { specifier, config } of wanted) {
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    compilerState,
    localBuild: !check,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  if (errorCount > 0) failed++
  if (!apiReportChanged) continue
  const file = relative(ROOT, config.reportFilePath)
  if (check) failed++
  console.log(check ? `${specifier}: ${file} is not what the sources offer` : `${specifier}: wrote ${file}`)
}

// A report of an entry that is no longer offered.
for (const folder of new Set(wanted.map((one) => one.folder))) {
  for (const name of readdirSync(join(folder, 'etc'))) {
    if (wanted.some(({ config }) => config.reportFilePath === join(folder, 'etc', name))) continue
    console.log(`${relative(ROOT, join(folder, 'etc', name))} ${check ? 'belongs to no entry' : 'removed: it belongs to no entry'}`)
    if (check) failed++
    else rmSync(join(folder, 'etc', name))
  }
}
if (failed > 0) console.error('\nRun "npm run api", look at the difference, and commit it with a changeset.')
else console.log(`${wanted.length} entries: ${check ? 'as reported' : 'reports are up to date'}`)
process.exitCode = failed === 0 ? 0 : 1

// The floors of the house, as docs/architecture.md draws them. Each rule says what is wrong and what would be right.
const L0 = 'mm-types'
const L1 = 'pagetable-core|swap-entry|program'
const L2 = 'backend-[^/]+|policy-[^/]+|mm|workloads|linux'

const TESTS = '\\.(test|bench)\\.ts$|^(packages|apps)/[^/]+/test/'
const inPackages = (names) => `^packages/(${names})/`

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two modules that need each other are one idea, or hide a third: move the shared part to a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'floor-0-imports-nothing',
      comment: 'mm-types holds interfaces and constants only; whatever needs an import belongs to a floor above.',
      severity: 'error',
      from: { path: inPackages(L0), pathNot: TESTS },
      to: { pathNot: inPackages(L0) },
    },
    {
      name: 'floor-1-imports-floor-0',
      comment: 'pagetable-core, swap-entry and program import mm-types, and kept libraries, and nothing else.',
      severity: 'error',
      from: { path: `^packages/(${L1})/`, pathNot: TESTS },
      to: { pathNot: [inPackages(L0), '^packages/$1/', 'node_modules'] },
    },
    {
      name: 'floor-2-siblings-never-meet',
      comment:
        'A backend, a policy, mm or workloads imports floors 0 and 1 and itself. Pass the other one in through an interface of mm-types.',
      severity: 'error',
      from: { path: `^packages/(${L2})/`, pathNot: TESTS },
      to: { path: '^(packages|apps)/', pathNot: [inPackages(`${L0}|${L1}`), '^packages/$1/'] },
    },
    {
      name: 'designs-is-below-the-apps',
      comment: 'designs composes packages; it does not know the workloads that run on it.',
      severity: 'error',
      from: { path: '^packages/designs/', pathNot: TESTS },
      to: { path: ['^apps/', '^packages/(workloads|conformance)/'] },
    },
    {
      name: 'experiments-are-below-the-apps',
      comment: 'experiments and race compose designs and workloads; only apps know them, and the kernel is asked by apps.',
      severity: 'error',
      from: { path: '^packages/(experiments|race)/', pathNot: TESTS },
      to: { path: ['^apps/', '^packages/linux/'] },
    },
    {
      name: 'nothing-below-knows-the-experiments',
      comment:
        'Move what is shared into workloads, designs or a floor below. conformance is beside them: its kit takes every interleaving of the races.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/', pathNot: '^packages/conformance/' },
      to: { path: '^packages/(experiments|race)/', pathNot: '^packages/$1/' },
    },
    {
      name: 'packages-never-import-apps',
      comment: 'Apps stand on packages. Move what is shared into a package.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'the-model-runs-anywhere',
      comment: 'Files, processes and sockets belong to apps, linux, the trace readers of workloads, and tests.',
      severity: 'error',
      from: {
        path: '^packages/',
        pathNot: [TESTS, '^packages/(linux|workloads)/', '^packages/conformance/src/load-(scripts|recordings).ts'],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-deep-import',
      comment: "Import another package by its name ('@faultline/x') or an entry that it exports, never a file inside it.",
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: {
        path: '^(packages|apps)/[^/]+/',
        pathNot: [
          '^$1/$2/',
          '^packages/[^/]+/src/index\\.ts$',
          '^packages/workloads/src/trace/load-file\\.ts$',
          '^packages/conformance/src/(load-(scripts|recordings)|kit/index)\\.ts$',
        ],
      },
    },
    {
      name: 'packages-are-named-not-reached',
      comment: "A relative path that leaves its package; write '@faultline/x'.",
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'tests-are-leaves',
      comment: 'Nothing imports a test; move what is shared into a module without .test in its name.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere: a misspelling, or a dependency that package.json does not name.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment: 'Not in the dependencies of this package: add it to its package.json.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '^(packages|apps)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules/\\.cache)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@faultline/source', 'import', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json'],
    },
  },
}

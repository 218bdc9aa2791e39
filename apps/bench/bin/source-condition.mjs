// A module-loader hook: resolves every import with the condition `@faultline/source`, which leads to src/index.ts of a package.
// It does what `node --conditions=@faultline/source` would, without a second process.
export function resolve(specifier, context, nextResolve) {
  return nextResolve(specifier, { ...context, conditions: ['@faultline/source', ...context.conditions] })
}

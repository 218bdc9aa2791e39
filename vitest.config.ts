import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// One process runs every package; imports of @faultline/* go to TypeScript sources, so no build is needed first.
export default defineConfig({
  ssr: { resolve: { conditions: ['@faultline/source', ...defaultServerConditions] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    benchmark: { include: ['packages/*/src/**/*.bench.ts', 'apps/*/src/**/*.bench.ts'] },
    testTimeout: 30_000,
  },
})

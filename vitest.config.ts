import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// One process runs every package; imports of @faultline/* go to TypeScript sources, so no build is needed first.
export default defineConfig({
  ssr: { resolve: { conditions: ['@faultline/source', ...defaultServerConditions] } },
  test: {
    include: ['{packages,apps}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
    benchmark: { include: ['{packages,apps}/*/{src,bench}/**/*.bench.ts'] },
    testTimeout: 30_000,
  },
})

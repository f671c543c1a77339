import { defineConfig } from 'vitest/config'
import { closingLineReporter } from './packages/server/test/support/closing-line-reporter.ts'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'sdks/*/{src,test}/**/*.test.ts'],
    globalSetup: ['packages/server/test/support/global-setup.ts'],
    reporters: ['default', closingLineReporter()],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})

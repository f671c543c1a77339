import type { Reporter, TestModule } from 'vitest/node'

/** How a run ended. A file that could not be loaded and an error outside of any test each count as one failure. */
export type RunCounts = { readonly passed: number; readonly failed: number; readonly skipped: number }

/** Failures that belong to no test: a file that did not load, or a hook that threw. */
function failuresOutsideTests(testModule: TestModule): number {
  const suites = [...testModule.children.allSuites()]
  return testModule.errors().length + suites.reduce((sum, suite) => sum + suite.errors().length, 0)
}

/** Adds up a finished run. A test that was never reached, because the run was stopped, counts as skipped. */
export function countRun(testModules: readonly TestModule[], errorsOutside: number): RunCounts {
  const states = testModules.flatMap((testModule) =>
    [...testModule.children.allTests()].map((testCase) => testCase.result().state),
  )
  const passed = states.filter((state) => state === 'passed').length
  const failedTests = states.filter((state) => state === 'failed').length
  const failedElsewhere = testModules.reduce((sum, testModule) => sum + failuresOutsideTests(testModule), 0)
  return {
    passed,
    failed: failedTests + failedElsewhere + errorsOutside,
    skipped: states.length - passed - failedTests,
  }
}

/** The line itself: `12 passed, 0 failed`, with `, 3 skipped` only where something was. */
export function closingLine({ passed, failed, skipped }: RunCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * Ends a run's output with one plain line that people and programs can read. It is written when the process exits,
 * behind everything that other reporters and teardowns still have to say; in watch mode, once at the very end.
 */
export function closingLineReporter(): Reporter {
  let counts: RunCounts | undefined
  process.once('exit', () => {
    if (counts) process.stdout.write(`${closingLine(counts)}\n`)
  })
  return {
    onTestRunEnd(testModules, unhandledErrors) {
      counts = countRun([...testModules], unhandledErrors.length)
    },
  }
}

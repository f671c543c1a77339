import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { act, exitCodes, withExamples } from './command-action.ts'

const benchmark = join(import.meta.dirname, '../../bench/bench.ts')

/** `paylect bench`: what this machine carries, beside floors of the same run. */
export function registerBench(program: Command): void {
  const bench = program
    .command('bench')
    .description('Measure the gateway beside floors of the same machine. Needs a checkout of the sources.')
    .argument('[arguments...]', 'passed on to the benchmark as they are')
    .allowUnknownOption()
    .option('--json', 'print JSON where the benchmark does')
    .action(async (args: readonly string[], options: { json?: boolean }) =>
      act(() => runBenchmark([...args, ...(options.json === true ? ['--json'] : [])])),
    )
  withExamples(bench, 'paylect bench')
}

async function runBenchmark(args: readonly string[]): Promise<void> {
  if (!existsSync(benchmark)) {
    throw new Error('The benchmark is not part of the installed package. Run it in a checkout of the sources.')
  }
  const child = spawn(process.execPath, [benchmark, ...args], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) process.exitCode = code ?? exitCodes.failure
}

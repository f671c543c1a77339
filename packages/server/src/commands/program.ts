import { Command } from 'commander'
import { chooseConfigFile } from '../config.ts'
import { registerBackup } from './backup.ts'
import { registerBench } from './bench-command.ts'
import { registerClock } from './clock-commands.ts'
import { exitCodes, withExamples } from './command-action.ts'
import { outputColumns } from './command-output.ts'
import { registerCompletion } from './completion-command.ts'
import { registerDeliveries } from './delivery-commands.ts'
import { registerDoctor } from './doctor-command.ts'
import { registerEvents } from './event-commands.ts'
import { registerFixtures } from './fixtures-load.ts'
import { registerKeys } from './key-commands.ts'
import { registerLedger } from './ledger-commands.ts'
import { registerListen } from './listen-command.ts'
import { registerMerchants } from './merchant-commands.ts'
import { registerPayments } from './payment-commands.ts'
import { registerProfiles } from './profile-commands.ts'
import { registerRestore } from './restore.ts'
import { registerSimulate } from './simulate-command.ts'
import { registerStart } from './start-command.ts'
import { registerTrigger } from './trigger-command.ts'

/** The groups of verbs, in the order in which help shows them. A new one is its file and one line here. */
const groups: readonly ((program: Command) => void)[] = [
  registerStart,
  registerDoctor,
  registerMerchants,
  registerKeys,
  registerPayments,
  registerEvents,
  registerListen,
  registerTrigger,
  registerDeliveries,
  registerClock,
  registerFixtures,
  registerLedger,
  registerBackup,
  registerRestore,
  registerProfiles,
  registerBench,
  registerSimulate,
  registerCompletion,
]

/** The command line. Each group of verbs stands in a file of its own; this one only names them. */
export function buildProgram(): Command {
  const program = new Command('paylect')
    .description('A payment gateway that you run yourself.')
    .option('--profile <name>', 'the gateway to speak to, from "paylect profiles"')
    .option('--config <file>', 'the configuration file, instead of ./paylect.toml')
    .hook('preAction', (_, command) => {
      const { config } = command.optsWithGlobals<{ config?: string }>()
      if (config !== undefined) chooseConfigFile(config)
    })
    .configureHelp({ helpWidth: outputColumns, showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'paylect: ')) })
    .showHelpAfterError('Add --help to see what it takes.')
    // Help that was asked for is no failure; everything else that ends here was not understood.
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage))
  withExamples(program, 'paylect start', 'paylect trigger payment.succeeded', 'paylect payments list')
  for (const register of groups) register(program)
  return program
}

import { Argument, type Command } from 'commander'
import { withExamples } from './command-action.ts'
import { type CompletionShell, completionScript, completionShells } from './completion.ts'

/** `paylect completion`: prints the script that teaches a shell the verbs and options. */
export function registerCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .description('Print the script that completes verbs and options in your shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(completionShells))
    .action((shell: CompletionShell) => {
      process.stdout.write(completionScript(program, shell))
    })
  withExamples(
    completion,
    'source <(paylect completion bash)',
    'paylect completion fish > ~/.config/fish/completions/paylect.fish',
  )
}

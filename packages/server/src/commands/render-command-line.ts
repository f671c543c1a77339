import type { Command } from 'commander'

/** The page on the command line (docs/CLI.md), made from the help of every command. */
export function renderCommandLine(program: Command): string {
  const sections = everyCommand(program).map(({ path, command }) => {
    return `## ${path}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`
  })
  return `# The command line

Made from the program's own help by \`npm run docs\`; change it in \`packages/server/src/commands/\`.

There are two ways in. Operator's verbs (\`doctor\`, \`merchants\`, \`keys\`, \`ledger\`, \`migrate\`) open the database itself,
\`DATABASE_URL\` or the data directory's, also beside a running gateway. Merchant's verbs (\`payments\`, \`events\`, \`listen\`,
\`trigger\`, \`deliveries\`, \`clock\`) speak the house API with a key: of \`--profile\`, of \`PAYLECT_URL\` and
\`PAYLECT_API_KEY\`, of the profile in use, or of \`sandbox.json\` in the data directory, whichever comes first.

With \`--json\` a command prints one JSON value, or one a line where it streams; amounts are minor units. Exit codes: 0
done, 1 failed, 2 not understood.

${sections.join('\n')}`
}

/** Every command with the words that lead to it, the program first. */
export function everyCommand(command: Command, path = command.name()): { path: string; command: Command }[] {
  const below = command.commands.filter((sub) => sub.name() !== 'help')
  return [{ path, command }, ...below.flatMap((sub) => everyCommand(sub, `${path} ${sub.name()}`))]
}

/** The help of a command as it is printed, with its examples. */
export function helpOf(command: Command): string {
  let text = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  if (writeOut) command.configureOutput({ writeOut })
  return text
}

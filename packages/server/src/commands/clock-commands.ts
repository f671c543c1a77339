import { type Command, InvalidArgumentError } from 'commander'
import { act, instantText, jsonOption, withExamples } from './command-action.ts'
import { paint, printJson, printLine, withProgress } from './command-output.ts'
import { type HouseClient, openHouseClient } from './house-client.ts'

/** `paylect clock`: the sandbox's time. */
export function registerClock(program: Command): void {
  const clock = program.command('clock').description('Read the sandbox’s clock, or move it forward.')
  withExamples(clock, 'paylect clock', 'paylect clock advance PT30M')
  const show = clock
    .command('show', { isDefault: true })
    .description('Show what time it is in the sandbox.')
    .addOption(jsonOption())
    .action(async (options: JsonOptions, command: Command) => act(() => moveOrShow(command, options, undefined)))
  withExamples(show, 'paylect clock show')
  const advance = clock
    .command('advance')
    .description('Move the clock by a span of time; everything that falls due on the way happens.')
    .argument('<duration>', 'an ISO 8601 duration such as PT30M or P3D', durationText)
    .addOption(jsonOption())
    .action(async (duration: string, options: JsonOptions, command: Command) =>
      act(() => moveOrShow(command, options, { advance: duration })),
    )
  withExamples(advance, 'paylect clock advance P1D')
  const set = clock
    .command('set')
    .description('Move the clock to an instant; it only goes forward.')
    .argument('<instant>', 'an ISO 8601 instant with a zone', instantText)
    .addOption(jsonOption())
    .action(async (instant: string, options: JsonOptions, command: Command) =>
      act(() => moveOrShow(command, options, { set: instant })),
    )
  withExamples(set, 'paylect clock set 2027-01-01T00:00:00Z')
}

interface JsonOptions {
  readonly json?: boolean
}

function durationText(text: string): string {
  if (/^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(text)) return text
  throw new InvalidArgumentError('Give an ISO 8601 duration such as PT30M, PT12H or P3D.')
}

async function moveOrShow(command: Command, { json }: JsonOptions, move: object | undefined): Promise<void> {
  const client = await openHouseClient(command)
  const { now } = await withProgress('Moving the clock', () => ask(client, move))
  if (json === true) return printJson({ now })
  printLine(`The sandbox’s clock shows ${paint.bold(now)}.`)
}

function ask(client: HouseClient, move: object | undefined): Promise<{ readonly now: string }> {
  return move === undefined ? client.get('/sandbox/clock') : client.post('/sandbox/clock', move)
}

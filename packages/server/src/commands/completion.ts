import type { Command, Option } from 'commander'

/** The shells that a script can be made for. */
export const completionShells = ['bash', 'zsh', 'fish'] as const

/** One of them. */
export type CompletionShell = (typeof completionShells)[number]

/** A command with the words that lead to it. */
interface Verb {
  /** Without the program's own name, for example `keys create`; empty for the program. */
  readonly path: string
  readonly description: string
  readonly verbs: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly Option[]
}

/** The completion script of a shell, made from the commands that there are. */
export function completionScript(program: Command, shell: CompletionShell): string {
  const verbs = verbsOf(program, [])
  if (shell === 'bash') return bashScript(verbs)
  return shell === 'zsh' ? zshScript(verbs) : fishScript(verbs)
}

function verbsOf(command: Command, path: readonly string[]): Verb[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command).filter((sub) => sub.name() !== 'help')
  const verbs = subcommands.map((sub) => ({ name: sub.name(), description: sub.description() }))
  const options = help.visibleOptions(command)
  const own = { path: path.join(' '), description: command.description(), verbs, options }
  return [own, ...subcommands.flatMap((sub) => verbsOf(sub, [...path, sub.name()]))]
}

function wordsOf({ verbs, options }: Verb): string {
  return [...verbs.map(({ name }) => name), ...options.map(({ long }) => long ?? '')].filter(Boolean).join(' ')
}

/** What may follow an option of that command. */
function choicesOf({ options }: Verb): { readonly flag: string; readonly choices: string }[] {
  return options.flatMap(({ long, argChoices }) => {
    return long && argChoices ? [{ flag: long, choices: argChoices.join(' ') }] : []
  })
}

/** Every command line is a path of verbs: the longest that is known decides what may follow. */
function bashScript(verbs: readonly Verb[]): string {
  const words = verbs.map((verb) => `    '${verb.path}') words='${wordsOf(verb)}' ;;`)
  const choices = verbs.flatMap((verb) =>
    choicesOf(verb).map(({ flag, choices: list }) => `    '${verb.path} ${flag}') words='${list}' ;;`),
  )
  return `# bash completion for paylect. Load it with: source <(paylect completion bash)
_paylect() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' words='' word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case " ${verbs.map(({ path }) => `|${path}|`).join(' ')} " in
      *"|\${path:+$path }$word|"*) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${choices.join('\n')}
  esac
  if [[ -z "$words" ]]; then
    case "$path" in
${words.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _paylect paylect
`
}

/** zsh understands completions of bash; descriptions are its own, so the same table is written in its words. */
function zshScript(verbs: readonly Verb[]): string {
  const quoted = (text: string) => text.replaceAll("'", '’').replaceAll(':', '\\:')
  const cases = verbs.map((verb) => {
    const entries = [
      ...verb.verbs.map(({ name, description }) => `'${name}:${quoted(description)}'`),
      ...verb.options.flatMap(({ long, description }) => (long ? [`'${long}:${quoted(description)}'`] : [])),
    ]
    return `    '${verb.path}') entries=(${entries.join(' ')}) ;;`
  })
  return `#compdef paylect
# zsh completion for paylect. Load it with: source <(paylect completion zsh)
_paylect() {
  local verbs='${verbs.map(({ path }) => `|${path}|`).join(' ')}'
  local path_so_far='' word longer
  local -a words_before entries
  words_before=("\${(@)words[2,CURRENT-1]}")
  for word in $words_before; do
    longer="\${path_so_far:+$path_so_far }$word"
    [[ "$verbs" == *"|$longer|"* ]] && path_so_far="$longer"
  done
  entries=()
  case "$path_so_far" in
${cases.join('\n')}
  esac
  _describe 'paylect' entries
}
compdef _paylect paylect
`
}

function fishScript(verbs: readonly Verb[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = verbs.flatMap((verb) => {
    const condition = `-n ${quoted(`test (__paylect_path) = ${verb.path === '' ? '""' : `"${verb.path}"`}`)}`
    return [
      ...verb.verbs.map(({ name, description }) => {
        return `complete -c paylect ${condition} -f -a ${name} -d ${quoted(description)}`
      }),
      ...verb.options.flatMap(({ long, short, description, argChoices, required }) => {
        if (!long) return []
        const letter = short ? ` -s ${short.slice(1)}` : ''
        const values = argChoices ? ` -x -a ${quoted(argChoices.join(' '))}` : required ? ' -r' : ''
        return [`complete -c paylect ${condition} -l ${long.slice(2)}${letter}${values} -d ${quoted(description)}`]
      }),
    ]
  })
  return `# fish completion for paylect. Load it with: paylect completion fish | source
function __paylect_path
  set -l known ${verbs
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path))
    .join(' ')}
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim "$path $word")
    contains -- $longer $known; and set path $longer
  end
  echo $path
end
${lines.join('\n')}
`
}

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { outputColumns, tableText, wrapText } from './command-output.ts'
import { completionScript } from './completion.ts'
import { buildProgram } from './program.ts'
import { everyCommand, helpOf, renderCommandLine } from './render-command-line.ts'

const commands = everyCommand(buildProgram())

describe('help', () => {
  test.each(commands)('$path fits a terminal of 80 columns', ({ command }) => {
    const tooLong = helpOf(command)
      .split('\n')
      .filter((line) => [...line].length > outputColumns)
    expect(tooLong).toEqual([])
  })

  test.each(commands)('$path says what it does and shows an example', ({ command }) => {
    expect(command.description()).toMatch(/[a-z].*\.$/)
    expect(helpOf(command)).toMatch(/\nExamples?:\n {2}\$ /)
  })

  test('docs/CLI.md is what help says; run `npm run docs` after changing a command', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/CLI.md'), 'utf8')
    expect(page).toBe(renderCommandLine(buildProgram()))
  })
})

describe('completion', () => {
  test('the script for bash is valid and knows the verbs below a verb', () => {
    const script = completionScript(buildProgram(), 'bash')
    expect(spawnSync('bash', ['-n'], { input: script }).status).toBe(0)
    const ask = `${script}\nCOMP_WORDS=(paylect keys r) COMP_CWORD=2\n_paylect\necho "\${COMPREPLY[*]}"`
    expect(spawnSync('bash', { input: ask }).stdout.toString()).toBe('rotate revoke\n')
  })

  test('the script for bash offers the values of an option', () => {
    const script = completionScript(buildProgram(), 'bash')
    const ask = `${script}\nCOMP_WORDS=(paylect merchants list --mode "") COMP_CWORD=4\n_paylect\necho "\${COMPREPLY[*]}"`
    expect(spawnSync('bash', { input: ask }).stdout.toString()).toBe('live sandbox\n')
  })

  test('zsh and fish are told every verb', () => {
    for (const shell of ['zsh', 'fish'] as const) {
      const script = completionScript(buildProgram(), shell)
      for (const { command } of commands.slice(1)) expect(script).toContain(command.name())
    }
  })
})

describe('tables', () => {
  test('a table that would be too wide cuts its one long column and stays aligned', () => {
    const text = tableText([{ title: 'id' }, { title: 'words', cut: true }], [['a', 'x'.repeat(200)]])
    expect(text.split('\n').every((line) => [...line].length <= outputColumns)).toBe(true)
    expect(text).toContain('…')
  })

  test('text breaks at blanks and keeps every word', () => {
    const wrapped = wrapText('one two three four', 9, '  ')
    expect(wrapped).toBe('  one two\n  three\n  four')
  })
})

import { resolve } from 'node:path'

/** One thing that may be configured, under two spellings. */
export interface Setting<Value = unknown> {
  /** In the file, `section.name`; undefined where the file has no place for it. */
  readonly key: string | undefined
  /** In the environment. */
  readonly variable: string
  readonly means: string
  /** As the documentation shows the default. */
  readonly otherwise: string
  /** The value of what was given, or undefined when it is not `expected`. Lists come from the environment as text with commas. */
  readonly read: (given: unknown, folder: string) => Value | undefined
  readonly expected: string
  /** Its value never stands in a message. */
  readonly isSecret?: true
}

/** How text or a value of TOML becomes a setting, and what a message says that it should be. */
export type Reader<Value> = Pick<Setting<Value>, 'read' | 'expected'>

/** Text that is not empty. */
export const text: Reader<string> = {
  expected: 'text that is not empty',
  read: (given) => (typeof given === 'string' && given !== '' ? given : undefined),
}

/** Paths in the file are relative to the file, those in the environment to the working directory. */
export const path: Reader<string> = {
  expected: 'the path of a file or folder',
  read: (given, folder) => (typeof given === 'string' && given !== '' ? resolve(folder, given) : undefined),
}

/** Texts; a variable holds them with commas in between. */
export const list: Reader<readonly string[]> = {
  expected: 'a list of texts (in a variable: separated by commas)',
  read: (given) => {
    if (typeof given === 'string') return given.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
    return Array.isArray(given) && given.every((item) => typeof item === 'string') ? given : undefined
  },
}

/** `true` or `false`. */
export const truth: Reader<boolean> = {
  expected: 'true or false',
  read: (given) =>
    given === true || given === 'true' ? true : given === false || given === 'false' ? false : undefined,
}

/** A whole number within bounds. */
export function whole(min: number, max: number): Reader<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    read: (given) => {
      const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
      return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
        ? number
        : undefined
    },
  }
}

/** One of these words. */
export function choice<Value extends string>(values: readonly Value[]): Reader<Value> {
  return { expected: `one of ${values.join(', ')}`, read: (given) => values.find((value) => value === given) }
}

/** Text of this form. */
export function matching(pattern: RegExp, expected: string): Reader<string> {
  return { expected, read: (given) => (typeof given === 'string' && pattern.test(given) ? given : undefined) }
}

/** An http or https address, without its final slashes. */
export const webAddress: Reader<string> = {
  expected: 'an http or https address',
  read: (given) => {
    if (typeof given !== 'string' || !/^https?:\/\//.test(given) || !URL.canParse(given)) return undefined
    return given.replace(/\/+$/, '')
  },
}

/** Puts a setting together. */
export function setting<Value>(
  key: string | undefined,
  variable: string,
  reader: Reader<Value>,
  otherwise: string,
  means: string,
): Setting<Value> {
  return { key, variable, means, otherwise, ...reader }
}

const shownCharactersMax = 60

/** A value as a message shows it, cut short. */
export function shownValue(value: unknown): string {
  const shown = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? ''
  return shown.length > shownCharactersMax ? `${shown.slice(0, shownCharactersMax)}…` : shown
}

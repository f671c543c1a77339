import { describe, expect, test } from 'vitest'
import {
  canReach,
  defineTransitions,
  isFinal,
  nextState,
  reachableFrom,
  reachablePairs,
  statesOf,
} from './transitions.ts'

const door = defineTransitions<'closed' | 'open' | 'locked' | 'broken', 'open' | 'close' | 'lock' | 'break'>({
  name: 'door',
  initial: 'closed',
  moves: {
    closed: { open: 'open', lock: 'locked' },
    open: { close: 'closed', break: 'broken' },
    locked: {},
    broken: {},
  },
})

describe('a transition table', () => {
  test('leads where it says, and nowhere else', () => {
    expect(nextState(door, 'closed', 'open')).toBe('open')
    expect(nextState(door, 'closed', 'close')).toBeUndefined()
    expect(nextState(door, 'locked', 'open')).toBeUndefined()
  })

  test('lists its states as they were written, and knows which are final', () => {
    expect(statesOf(door)).toEqual(['closed', 'open', 'locked', 'broken'])
    expect(statesOf(door).filter((state) => isFinal(door, state))).toEqual(['locked', 'broken'])
  })

  test('reaches a state again where a path leads back to it, and a final one reaches nothing', () => {
    expect([...reachableFrom(door, 'open')].sort()).toEqual(['broken', 'closed', 'locked', 'open'])
    expect(reachableFrom(door, 'locked').size).toBe(0)
  })

  test('refuses a move to or from a word that is no state', () => {
    const moves = canReach(door)
    expect([moves('closed', 'broken'), moves('open', 'open')]).toEqual([true, true])
    expect([moves('locked', 'open'), moves('closed', 'ajar'), moves('toString', 'open')]).toEqual([false, false, false])
  })

  test('gives every pair that some path joins, once', () => {
    const pairs = reachablePairs(door).map(([from, to]) => `${from} ${to}`)
    expect(pairs.sort()).toEqual(
      ['closed', 'open'].flatMap((from) => ['broken', 'closed', 'locked', 'open'].map((to) => `${from} ${to}`)),
    )
  })

  test('cannot be changed after it was declared', () => {
    expect(() => Object.assign(door, { name: 'gate' })).toThrow(TypeError)
  })
})

/** A state machine as data: for each state, the events it accepts and where they lead. A final state accepts none. */
export interface TransitionTable<State extends string, Event extends string> {
  readonly name: string
  readonly initial: State
  readonly moves: { readonly [S in State]: { readonly [E in Event]?: State } }
}

/** Declares a transition table; the types of states and events come from the literal. */
export function defineTransitions<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
): TransitionTable<State, Event> {
  return Object.freeze(table)
}

/** The state that `event` leads to from `from`, or `undefined` where the table forbids it. */
export function nextState<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  from: State,
  event: Event,
): State | undefined {
  return table.moves[from][event]
}

/** Every state of the table, in the order in which it was written. */
export function statesOf<State extends string, Event extends string>(table: TransitionTable<State, Event>): State[] {
  return Object.keys(table.moves) as State[]
}

/** Whether no event leads out of `state`. */
export function isFinal<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  state: State,
): boolean {
  return Object.keys(table.moves[state]).length === 0
}

/**
 * Every pair (from, to) where `to` can be reached from `from` in one or more moves. The database holds this closure and
 * vetoes any other change of status; it is a closure because a group of commands may make several moves in one write.
 */
export function reachablePairs<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
): readonly (readonly [State, State])[] {
  return statesOf(table).flatMap((from) => [...reachableFrom(table, from)].map((to) => [from, to] as const))
}

/**
 * Tells of two texts whether the first is a state from which the second can be reached in one or more moves: the same
 * closure, for the in-memory guard beside the database's.
 */
export function canReach<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
): (from: string, to: string) => boolean {
  const reachable = new Map<string, ReadonlySet<string>>(
    statesOf(table).map((from) => [from, reachableFrom(table, from)]),
  )
  return (from, to) => reachable.get(from)?.has(to) ?? false
}

/** Every state that can be reached from `from` in one or more moves. */
export function reachableFrom<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  from: State,
): ReadonlySet<State> {
  const reached = new Set<State>()
  const frontier: State[] = [from]
  for (let state = frontier.pop(); state !== undefined; state = frontier.pop()) {
    for (const to of Object.values(table.moves[state]) as State[]) {
      if (reached.has(to)) continue
      reached.add(to)
      frontier.push(to)
    }
  }
  return reached
}

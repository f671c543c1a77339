/*
 * The webhook sender: takes due deliveries from their table, POSTs them and records what came of it.
 *
 * States of a delivery
 *   due        its time has come; nobody holds it.
 *   held       a sender has moved its due time to the end of a lease. It waits in its lane or is in flight.
 *     waiting    in the lane's queue, in memory. One that waits until its lease is nearly over is let go, back to due.
 *     in flight  the POST is under way, outside any transaction.
 *   recorded   the attempt is written: the delivery has ended, or is due again later.
 * A sender that dies holds nothing: the lease ends and the delivery is due again. If it died between the POST and the
 * record, the receiver gets the same bytes under the same id once more: at least once, never less.
 *
 * Lanes: deliveries of one receiver share a lane. A lane sends at most `laneInFlightMax` at once, and only one while its
 * last try failed: a dead receiver costs one place of `inFlightMax`. A full lane (`laneHeldMax`, or `failingHeldMax` while
 * it fails) is left out of the next claims in the statement itself, and a failing lane lets go of what it holds above
 * that: its backlog stays in the table and takes nobody's place in memory.
 *
 * Two senders never hold one delivery at once: claiming moves the due time under a row lock. The one exception is a lease
 * that runs out in the sandbox because its clock was moved by another process meanwhile.
 *
 * States of the loop: idle (woken by a commit that made a delivery due, and every second) → claiming → idle;
 * stopping (claims no more, sends what it holds, lets go after a bound).
 */
import type { Delivery, WebhookEndpoint } from '../engine/index.ts'
import { type Mode, modes } from '../kernel/scope.ts'
import { type DeliveryPoster, postAndRecord, postTimeoutMaxMs } from './post-delivery.ts'

/** The sender at work. */
export interface WebhookSender {
  /** Something fell due in this mode; look at once. Never throws. */
  wake(mode: Mode): void
  /** Sends everything that is due now in the mode, and waits until nothing is held. Answers how many POSTs were made. */
  runAllDue(mode: Mode): Promise<number>
  /** Deliveries held by this process, and whether the last claim succeeded. */
  readiness(): { readonly held: number; readonly claims: 'working' | 'failing' }
  /** Claims no more and resolves when what is held was sent, or after 10 seconds; what is left falls due again. */
  stop(): Promise<void>
}

/** The most POSTs in flight, over all lanes. */
const inFlightMax = 256
/** The most POSTs in flight to one receiver that answers well. */
const laneInFlightMax = 8
/** A lane that holds this many is full. */
const laneHeldMax = 64
/** The same for a lane whose last try failed; what it holds above this is let go. */
const failingHeldMax = 4
/** Deliveries that one statement claims at most. */
const claimMax = 128
/** Deliveries in memory at most; one claim may go over it. */
const heldMax = 1_024
/** Lanes whose last failure is remembered, at most. */
const failingLanesMax = 10_000
/** Long enough for a wait in the lane and the longest POST. */
const leaseMs = 120_000
/** What must be left of the lease when a POST starts, so that it is recorded before the lease ends. */
const leaseReserveMs = postTimeoutMaxMs + 10_000
const pollIntervalMs = 1_000
const stopTimeoutMs = 10_000
/** How often `runAllDue` claims in vain or in part before it reports a fault. */
const roundsMax = 10_000

interface Held {
  readonly delivery: Delivery
  readonly endpoint: WebhookEndpoint | undefined
  /** On the process's own steady clock. */
  readonly startByMs: number
}

interface Lane {
  readonly name: string
  readonly waiting: Held[]
  inFlight: number
  /** It was full when something was claimed, so there may be more of it in the table. */
  leftOut: boolean
}

interface State {
  readonly poster: DeliveryPoster
  readonly lanes: Map<string, Lane>
  /** Names of lanes whose last try failed. */
  readonly failing: Set<string>
  /** Keys of what is held, by mode. */
  readonly held: Readonly<Record<Mode, Set<string>>>
  readonly claiming: Record<Mode, Promise<number> | undefined>
  readonly again: Record<Mode, boolean>
  /** Nothing could be claimed because this process holds `heldMax`. */
  isFull: boolean
  inFlight: number
  posts: number
  claims: 'working' | 'failing'
  isStopping: boolean
  /** Resolved and replaced each time something that was held is no longer. */
  released: PromiseWithResolvers<void>
}

/** Starts a sender for both modes. */
export function startWebhookSender(poster: DeliveryPoster): WebhookSender {
  const state: State = {
    poster,
    lanes: new Map(),
    failing: new Set(),
    held: { live: new Set(), sandbox: new Set() },
    claiming: { live: undefined, sandbox: undefined },
    again: { live: false, sandbox: false },
    isFull: false,
    inFlight: 0,
    posts: 0,
    claims: 'working',
    isStopping: false,
    released: Promise.withResolvers(),
  }
  const timer = setInterval(() => {
    for (const mode of modes) void claimSoon(state, mode)
  }, pollIntervalMs)
  return {
    wake: (mode) => void claimSoon(state, mode),
    runAllDue: (mode) => runAllDue(state, mode),
    readiness: () => ({ held: heldCount(state), claims: state.claims }),
    stop: () => {
      clearInterval(timer)
      return stop(state)
    },
  }
}

/** Claims until nothing more is due or fits. One claim loop a mode; a call during it makes it go round once more. */
function claimSoon(state: State, mode: Mode): Promise<number> {
  state.again[mode] = true
  state.claiming[mode] ??= claimLoop(state, mode)
  return state.claiming[mode]
}

async function claimLoop(state: State, mode: Mode): Promise<number> {
  // The caller has yet to note that a loop runs.
  await Promise.resolve()
  let taken = 0
  while (state.again[mode] && !state.isStopping) {
    state.again[mode] = false
    try {
      state.isFull = heldCount(state) >= heldMax
      const claimed = state.isFull ? 0 : await claimOnce(state, mode)
      taken += claimed
      // A whole claim means that there may be more.
      if (claimed === claimMax) state.again[mode] = true
      state.claims = 'working'
    } catch (error) {
      state.claims = 'failing'
      state.poster.log.warn({ err: error, mode }, 'due deliveries could not be claimed')
    }
  }
  // No await since the last look at `again`: a call that comes from here on starts a new loop.
  state.claiming[mode] = undefined
  return taken
}

async function claimOnce(state: State, mode: Mode): Promise<number> {
  const { engine } = state.poster
  const now = engine.now(mode)
  const startByMs = performance.now() + leaseMs - leaseReserveMs
  const fullLanes = [...state.lanes.values()].filter((lane) => heldIn(lane) >= heldMaxOf(state, lane))
  for (const lane of fullLanes) lane.leftOut = true
  const deliveries = await engine.webhooks.claim({
    mode,
    dueBy: now,
    leaseUntil: now + leaseMs,
    limit: claimMax,
    fullLanes: fullLanes.map((lane) => lane.name),
  })
  // The clock of a sandbox may have run past a lease of our own: what we hold already is not taken twice.
  const fresh = deliveries.filter((delivery) => !state.held[mode].has(keyOf(delivery)))
  for (const delivery of fresh) state.held[mode].add(keyOf(delivery))
  await hold(state, fresh, startByMs)
  return deliveries.length
}

async function hold(state: State, deliveries: readonly Delivery[], startByMs: number): Promise<void> {
  let endpoints: readonly (WebhookEndpoint | undefined)[]
  try {
    endpoints = deliveries.length > 0 ? await state.poster.engine.webhooks.endpointsOf(deliveries) : []
  } catch (error) {
    for (const delivery of deliveries) release(state, delivery)
    throw error
  }
  deliveries.forEach((delivery, index) => {
    const lane = state.lanes.get(delivery.lane) ?? { name: delivery.lane, waiting: [], inFlight: 0, leftOut: false }
    state.lanes.set(lane.name, lane)
    lane.waiting.push({ delivery, endpoint: endpoints[index], startByMs })
  })
  // Only now, so that the lanes share what places there are from the start.
  for (const name of new Set(deliveries.map((delivery) => delivery.lane))) sendFrom(state, state.lanes.get(name))
}

/** Starts what the lane's and the process's bounds allow, and lets go of what has waited too long or is too much. */
function sendFrom(state: State, lane: Lane | undefined): void {
  if (!lane) return
  const width = state.failing.has(lane.name) ? 1 : laneInFlightMax
  while (lane.waiting.length > 0 && lane.inFlight < width && state.inFlight < inFlightMax) {
    const next = lane.waiting.shift() as Held
    if (performance.now() > next.startByMs) release(state, next.delivery)
    else void send(state, lane, next)
  }
  if (state.failing.has(lane.name)) {
    for (const { delivery } of lane.waiting.splice(failingHeldMax)) release(state, delivery)
  }
  if (heldIn(lane) === 0) state.lanes.delete(lane.name)
}

async function send(state: State, lane: Lane, { delivery, endpoint }: Held): Promise<void> {
  lane.inFlight += 1
  state.inFlight += 1
  state.posts += 1
  // Moved to the end: the lane that was served least recently is the first to get a place that becomes free.
  state.lanes.delete(lane.name)
  state.lanes.set(lane.name, lane)
  try {
    remember(state, lane, await postAndRecord(state.poster, delivery, endpoint))
  } catch (error) {
    remember(state, lane, false)
    const { merchantId, mode, id } = delivery
    const message = 'a try of a delivery is not recorded; it is made again when its lease ends'
    state.poster.log.error({ err: error, merchantId, mode, deliveryId: id }, message)
  }
  const wasFull = state.inFlight === inFlightMax
  lane.inFlight -= 1
  state.inFlight -= 1
  release(state, delivery)
  for (const next of wasFull ? [...state.lanes.values()] : [lane]) sendFrom(state, next)
  refill(state, lane, delivery.mode)
}

/** What was full may have a backlog in the table. */
function refill(state: State, lane: Lane, mode: Mode): void {
  if (lane.leftOut && heldIn(lane) <= heldMaxOf(state, lane) / 2) {
    lane.leftOut = false
    void claimSoon(state, mode)
  }
  if (state.isFull && heldCount(state) <= heldMax / 2) {
    state.isFull = false
    for (const either of modes) void claimSoon(state, either)
  }
}

function heldIn(lane: Lane): number {
  return lane.waiting.length + lane.inFlight
}

function heldMaxOf(state: State, lane: Lane): number {
  return state.failing.has(lane.name) ? failingHeldMax : laneHeldMax
}

function remember(state: State, lane: Lane, acknowledged: boolean): void {
  state.failing.delete(lane.name)
  if (acknowledged) return
  state.failing.add(lane.name)
  const oldest = state.failing.values().next().value
  if (state.failing.size > failingLanesMax && oldest !== undefined) state.failing.delete(oldest)
}

function release(state: State, delivery: Delivery): void {
  state.held[delivery.mode].delete(keyOf(delivery))
  const { resolve } = state.released
  state.released = Promise.withResolvers()
  resolve()
}

async function runAllDue(state: State, mode: Mode): Promise<number> {
  const postsBefore = state.posts
  for (let round = 0; round < roundsMax && !state.isStopping; round += 1) {
    const claimed = await claimSoon(state, mode)
    if (state.held[mode].size > 0) await state.released.promise
    else if (claimed === 0) return state.posts - postsBefore
  }
  throw new Error(`deliveries were still due after ${roundsMax} rounds`)
}

async function stop(state: State): Promise<void> {
  state.isStopping = true
  await Promise.all(modes.map((mode) => state.claiming[mode]))
  const deadlineMs = performance.now() + stopTimeoutMs
  while (heldCount(state) > 0 && performance.now() < deadlineMs) {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, deadlineMs - performance.now())
    await Promise.race([state.released.promise, late.promise])
    clearTimeout(timer)
  }
  for (const lane of state.lanes.values()) {
    for (const { delivery } of lane.waiting.splice(0)) release(state, delivery)
  }
}

function heldCount({ held }: State): number {
  return held.live.size + held.sandbox.size
}

function keyOf({ merchantId, id }: Delivery): string {
  return `${merchantId} ${id}`
}

import type { Engine, EngineEvent, WebhookPayload } from '../engine/index.ts'
import type { HttpSurface } from '../http/surface.ts'
import type { Instant } from '../kernel/clock.ts'
import type { Mode, Scope } from '../kernel/scope.ts'

/** What every dialect's endpoints can use. */
export interface DialectServices {
  readonly engine: Engine
  /**
   * Where the payer goes to pay: a link that needs no further credential. Deterministic for a payment. `baseUrl` is the
   * address under which the caller reached the dialect; payment pages stand beside the dialects, at its origin.
   */
  checkoutUrl(baseUrl: string, scope: Scope, paymentId: string): string
  /** Refuses (throws `EngineError`, naming `field`) an address that we would not send anything to. */
  assertCallbackUrl(mode: Mode, url: string, field: string): void
  /** Seals a signing secret for an endpoint of the dialect, so that only the sender of webhooks can read it. */
  sealWebhookSecret(scope: Scope, dialect: string, secret: string): string
  /** Whether a simulator scenario such as `declined:insufficient_funds` exists. */
  isScenario(text: string): boolean
  /** The sandbox's clock, moved only through the house API. */
  readonly sandboxClock: SandboxClockControl
  /** All dialects of this installation, for ids that the sandbox controls accept. */
  readonly dialects: readonly Dialect[]
}

/** How the sandbox's clock is moved. Both resolve once every timer that fell due has run. */
export interface SandboxClockControl {
  now(): Instant
  /** Moves the clock forward to an instant. Refuses to go back. */
  moveTo(instant: Instant): Promise<void>
}

/** Who calls: found out by a dialect's authentication. */
export interface DialectPrincipal {
  readonly scope: Scope
  readonly apiKeyId: string
  readonly scopes: readonly string[]
}

/** An event in a dialect's words: the bytes that a receiver gets. */
export interface RenderedEvent {
  /** The dialect's name of the event, for people and headers. */
  readonly type: string
  readonly body: string
  /** Headers that do not depend on the moment of sending. */
  readonly headers: Readonly<Record<string, string>>
}

/** How an endpoint wants its events. A dialect whose document has one form of body leaves out what does not fit it. */
export interface RenderOptions {
  readonly payload: WebhookPayload
  /** The version of the house API that the endpoint is bound to. */
  readonly apiVersion: string
  /** The event's place among those about its object, from 1. */
  readonly objectSequence: number
}

/** What a signature is made of. */
export interface SigningInput {
  /** Stable over all tries of one delivery. */
  readonly deliveryId: string
  readonly body: string
  /** The newest secret, for a dialect whose receivers look at one signature. */
  readonly secret: string
  /** Every secret that is valid now, the newest first: two during a rotation's overlap. Only `secret` where left out. */
  readonly secrets?: readonly string[]
  /** The moment of this try. */
  readonly sentAt: Instant
}

/** How a dialect delivers its webhooks. */
export interface WebhookPolicy {
  /** Waits before the second, third, … try in milliseconds, before jitter. After the last one a delivery is exhausted. */
  readonly retryDelaysMs: readonly number[]
  readonly timeoutMs: number
  /** Whether the receiver's status acknowledges. */
  acknowledges(status: number): boolean
}

/** Credentials of a dialect, made for one merchant and mode. Shown once; stored hashed or sealed. */
export interface DialectCredentials {
  readonly apiKey: string
  /** Null for a dialect without webhooks of its own. */
  readonly webhookSecret: string | null
}

/** One merchant API. It only translates: wire text in, engine call out; engine value in, wire text out. */
export interface Dialect {
  /** The folder's name, for example `monetiflow`; also what payments and events carry. */
  readonly name: string
  /** The prefix below which the dialect's documented paths hang, for example `/monetiflow`; empty for the house API. */
  readonly mount: string
  surface(services: DialectServices): HttpSurface<DialectServices, DialectPrincipal>
  /** The event in this dialect's words, or `undefined` when the dialect has no word for it. */
  renderEvent(event: EngineEvent, options: RenderOptions): RenderedEvent | undefined
  sign(input: SigningInput): Readonly<Record<string, string>>
  readonly webhooks: WebhookPolicy
  newCredentials(mode: Mode): DialectCredentials
  /** Whether authentication would look a text up as a key of this mode: its form is right, whatever it names. */
  isApiKey(mode: Mode, text: string): boolean
  /** The object number that one of the dialect's payment ids holds in a scope, or `undefined` where the text is no such id there. */
  paymentNumberOf(scope: Scope, id: string): bigint | undefined
}

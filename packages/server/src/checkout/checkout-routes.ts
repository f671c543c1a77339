/*
 * The payer's page. It works without scripts: a form is posted, and the answer always redirects (303) to a page that can be loaded again.
 *
 * There is no protection against cross-site request forgery because there is nothing to forge. Such an attack borrows the authority that a browser adds by
 * itself, a cookie; here the only authority is the token in the address, and whoever can write that address into a form has it already.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Engine, Payment } from '../engine/index.ts'
import type { Reply } from '../http/endpoint.ts'
import { engineErrorOf, notFound, sendReply } from '../http/failure.ts'
import { htmlReply } from '../http/html.ts'
import { parseBody, readBody } from '../http/request-body.ts'
import { dottedFieldName } from '../http/surface.ts'
import { EngineError } from '../kernel/engine-error.ts'
import { renderCheckoutPage } from './checkout-page.ts'
import { type CheckoutTokens, checkoutPath } from './checkout-token.ts'
import { checkoutView, formRedirects, landingUrl } from './checkout-view.ts'
import { renderErrorPage } from './error-page.ts'
import { press, pressedButton } from './payer-action.ts'
import { payerLocale } from './payer-format.ts'
import { readStylesheet, type Stylesheet } from './stylesheet.ts'

/** What the checkout pages work with. */
export interface CheckoutDependencies {
  readonly engine: Engine
  readonly tokens: CheckoutTokens
  readonly log: { error(detail: object, message: string): void }
}

/** Our own forms have two short fields. */
const formRules = { json: false, form: true, limitBytes: 4 * 1024 } as const
const allowedMethods = 'GET, HEAD, POST'
const noIndex = { 'x-robots-tag': 'noindex, nofollow' } as const

/**
 * Adds the checkout pages to the server, everything under `checkoutPath`: `GET` shows a payment, `POST` presses one of its buttons, and whatever goes wrong is answered
 * with a page. The server must keep `checkoutPath` to itself (`reservedPaths`) where a dialect is served at the root.
 */
export function registerCheckout(app: FastifyInstance, dependencies: CheckoutDependencies): void {
  const stylesheet = readStylesheet()
  const fail = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendReply(reply, errorReply(dependencies, stylesheet, thrown, request))
  const checkoutPages = async (pages: FastifyInstance): Promise<void> => {
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser('*', (_: FastifyRequest, stream: IncomingMessage) =>
      readBody(stream, formRules.limitBytes),
    )
    pages.setErrorHandler(fail)
    pages.setNotFoundHandler((request, reply) => fail(notFound(), request, reply))
    pages.get(stylesheet.path.slice(checkoutPath.length), async (_, reply) =>
      sendReply(reply, { status: 200, body: stylesheet.text, headers: stylesheet.headers }),
    )
    // A wildcard, where a named parameter would be short enough: the router answers overlong parameters itself, and not with a page.
    pages.get('/*', async (request, reply) => sendReply(reply, await show(dependencies, stylesheet, request)))
    pages.post('/*', async (request, reply) => sendReply(reply, await act(dependencies, request)))
    pages.route({
      method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/*',
      onRequest: async (_, reply) => {
        reply.header('allow', allowedMethods)
        throw new EngineError('not_found', 'method_not_allowed')
      },
      handler: () => Promise.reject(notFound()),
    })
  }
  void app.register(checkoutPages, { prefix: checkoutPath })
}

interface OpenPayment {
  readonly token: string
  readonly payment: Payment
  readonly merchantName: string
}

async function show(
  { engine, tokens }: CheckoutDependencies,
  stylesheet: Stylesheet,
  request: FastifyRequest,
): Promise<Reply> {
  const { payment, merchantName } = await open(engine, tokens, request)
  const view = checkoutView(payment, merchantName, engine.now(payment.mode))
  const locale = payerLocale(request.headers['accept-language'])
  const html = renderCheckoutPage(view, { locale, stylesheetPath: stylesheet.path })
  const reply = htmlReply(200, html, { formRedirects: formRedirects(payment), formRedirectsOnward: true })
  return { ...reply, headers: { ...reply.headers, ...noIndex } }
}

async function act({ engine, tokens }: CheckoutDependencies, request: FastifyRequest): Promise<Reply> {
  const { token, payment } = await open(engine, tokens, request)
  const bytes = Buffer.isBuffer(request.body) ? request.body : undefined
  const button = pressedButton(parseBody(bytes, request.headers, formRules, dottedFieldName))
  const location = landingUrl(await press(engine, payment, button)) ?? `${checkoutPath}/${token}`
  return { status: 303, body: undefined, headers: { location, ...noIndex } }
}

/** Finds the payment that the address names. Throws `EngineError` `not_found`, which says the same whether the token is forged or the payment gone. */
async function open(engine: Engine, tokens: CheckoutTokens, request: FastifyRequest): Promise<OpenPayment> {
  const token = (request.params as { readonly '*': string })['*']
  const target = tokens.read(token)
  if (!target) throw notFound()
  const [payment, merchant] = await Promise.all([
    engine.payments.find(target.scope, { id: target.paymentId }),
    engine.access.merchant(target.scope),
  ])
  if (!payment || !merchant) throw notFound()
  return { token, payment, merchantName: merchant.name }
}

/** The token opens the payment, so no log line carries the address. */
function errorReply(
  { log }: CheckoutDependencies,
  stylesheet: Stylesheet,
  thrown: unknown,
  request: FastifyRequest,
): Reply {
  const error = engineErrorOf(thrown)
  if (error.kind === 'internal') log.error({ err: thrown, requestId: request.id }, 'a checkout page failed')
  const page = renderErrorPage(error, request.id, stylesheet.path)
  const retryAfter = error.detail.retryAfterSeconds
  const reply = htmlReply(page.status, page.html)
  return {
    ...reply,
    headers: {
      ...reply.headers,
      ...noIndex,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
    },
  }
}

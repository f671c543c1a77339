import { describe, expect, test } from 'vitest'
import { htmlReply } from './html.ts'

const policyOf = (...given: Parameters<typeof htmlReply>) => htmlReply(...given).headers['content-security-policy']

describe('a page', () => {
  test('loads nothing but our own styles and images, runs no script, and stands in no frame', () => {
    expect(policyOf(200, '')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
  })

  test('is never stored, sniffed or followed by its address', () => {
    expect(htmlReply(404, '<p>gone</p>')).toMatchObject({
      status: 404,
      body: '<p>gone</p>',
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
    })
  })

  test('lets its form lead on to the origin, and only the origin, of where a payment ends', () => {
    const formRedirects = ['https://shop.example:8443/thanks;script-src *?x', 'https://shop.example:8443/again']
    expect(policyOf(200, '', { formRedirects })).toContain("form-action 'self' https://shop.example:8443;")
  })

  test('may run our own scripts and be framed by named origins', () => {
    const policy = policyOf(200, '', { ownScripts: true, framedBy: ['https://shop.example/cart'] })
    expect(policy).toContain("script-src 'self'; connect-src 'self';")
    expect(policy).toContain('frame-ancestors https://shop.example;')
  })

  test.each(['javascript:alert(1)', 'data:text/html,x', 'shop.example', '//shop.example', 'https://a b; script-src *'])(
    'does not lead to %s',
    (url) => {
      expect(() => htmlReply(200, '', { formRedirects: [url] })).toThrow('http and https')
    },
  )
})

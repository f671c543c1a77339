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

  test('lets that origin lead on where it may, and to plain pages only where it is plain itself', () => {
    const onwardFrom = (...formRedirects: string[]) => policyOf(200, '', { formRedirects, formRedirectsOnward: true })
    expect(onwardFrom()).toContain("form-action 'self';")
    expect(onwardFrom('https://shop.example/a')).toContain("form-action 'self' https://shop.example https:;")
    expect(onwardFrom('http://shop.example/a')).toContain("form-action 'self' http://shop.example https: http:;")
  })

  test.each(['javascript:alert(1)', 'data:text/html,x', 'shop.example', '//shop.example', 'https://a b; script-src *'])(
    'does not lead to %s',
    (url) => {
      expect(() => htmlReply(200, '', { formRedirects: [url] })).toThrow('http and https')
    },
  )
})

import { describe, expect, test } from 'vitest'
import { madeUpServer, madeUpSurface } from '../../test/support/made-up-surface.ts'
import { createRoutingTable } from './host-routing.ts'

const shop = { name: 'shop', mount: '/shop', hosts: ['api.shop.example'] }
const mall = { name: 'mall', mount: '/mall', hosts: [] }

describe('routing', () => {
  const routing = createRoutingTable([shop, mall], { rootSurface: 'mall', reservedPaths: ['/healthz'] })
  const rewrite = (url: string, host = 'localhost:8080') => routing.rewrite({ url, headers: { host } })

  test.each([
    ['/shop/orders', 'localhost', '/shop/orders'],
    ['/orders?a=1', 'api.shop.example', '/shop/orders?a=1'],
    ['/orders', 'API.Shop.Example.:443', '/shop/orders'],
    ['/shop/orders', 'api.shop.example', '/shop/orders'],
    ['/shopping', 'localhost', '/mall/shopping'],
    ['/orders', 'localhost', '/mall/orders'],
    ['/mall', 'localhost', '/mall'],
    ['/mall?x', 'localhost', '/mall?x'],
    ['/healthz', 'localhost', '/healthz'],
    ['/healthzz', 'localhost', '/mall/healthzz'],
    ['http://anywhere.example/shop/orders', 'localhost', '/shop/orders'],
    ['http://anywhere.example', 'localhost', '/mall/'],
    ['*', 'localhost', '/mall/*'],
  ])('leads %s at %s to %s', (url, host, expected) => {
    expect(rewrite(url, host)).toBe(expected)
  })

  test('finds a surface by its mount, not by a longer word that starts like it', () => {
    expect(routing.surfaceOf([shop, mall], '/shop?x')).toBe(shop)
    expect(routing.surfaceOf([shop, mall], '/shops')).toBeUndefined()
  })

  test('refuses two surfaces on one mount or host, and a root that does not exist', () => {
    const options = { reservedPaths: [] }
    expect(() => createRoutingTable([shop, { ...mall, mount: '/shop' }], options)).toThrow(
      'Two surfaces are mounted at /shop',
    )
    expect(() => createRoutingTable([shop, { ...mall, hosts: shop.hosts }], options)).toThrow(
      'Two surfaces claim the host',
    )
    expect(() => createRoutingTable([shop], { ...options, rootSurface: 'mall' })).toThrow('no surface named mall')
  })
})

describe('links', () => {
  test('start where the caller reached the surface', async () => {
    const { app } = madeUpServer(madeUpSurface(), { rootSurface: 'shop' })
    const linkAt = async (url: string, host: string) =>
      (await app.inject({ url, headers: { 'x-key': 'writer-key', host } })).json()
    expect(await linkAt('/shop/link', 'localhost:8080')).toEqual({
      baseUrl: 'http://localhost:8080/shop',
      path: '/shop/link',
    })
    expect(await linkAt('/link?a=1', 'api.shop.example')).toEqual({ baseUrl: 'http://api.shop.example', path: '/link' })
    expect(await linkAt('/link', 'localhost:8080')).toEqual({ baseUrl: 'http://localhost:8080', path: '/link' })
  })
})

import { describe, expect, it } from 'vitest'
import { createScope, outBy, type ScopeOptions } from '../../src/frontier/scope.ts'
import { request } from './contract.ts'

const defaults: ScopeOptions = { within: 'host', hosts: [], include: [], exclude: [], maxDepth: 3, maxUrlLength: 100 }
const verdict = (url: string, options: Partial<ScopeOptions> = {}, depth = 1) =>
  createScope(['http://shop.test/'], { ...defaults, ...options })(request(url, { depth }))

describe('what belongs to a crawl', () => {
  const rows: [string, string, Partial<ScopeOptions>, string][] = [
    ['a page of the host of a seed', 'https://shop.test/a', {}, 'in'],
    ['another port of it', 'http://shop.test:8080/a', {}, 'in'],
    ['the host with www. before it', 'http://www.shop.test/a', {}, 'in'],
    ['another host', 'http://other.test/', {}, 'out_of_scope'],
    ['a sub-domain', 'http://blog.shop.test/', {}, 'out_of_scope'],
    ['a host that only ends like it', 'http://evilshop.test/', {}, 'out_of_scope'],
    ['a host that was named in another spelling', 'http://xn--bcher-kva.test/', { hosts: ['Bücher.Test.'] }, 'in'],
    ['a host that was named', 'http://other.test/', { hosts: ['other.test'] }, 'in'],
    ['a sub-domain, within the domain', 'http://blog.shop.test/', { within: 'domain' }, 'in'],
    ['another domain, within the domain', 'http://shop.example/', { within: 'domain' }, 'out_of_scope'],
    ['any host, anywhere', 'http://other.test/', { within: 'anywhere' }, 'in'],
    ['what is included', 'http://shop.test/books/1', { include: [/\/books\//] }, 'in'],
    ['what is not included', 'http://shop.test/toys/1', { include: [/\/books\//] }, 'out_of_scope'],
    ['what is excluded', 'http://shop.test/books/1', { exclude: [/\/books\//] }, 'out_of_scope'],
    [
      'what is included and excluded',
      'http://shop.test/books/1',
      { include: [/books/], exclude: [/1$/] },
      'out_of_scope',
    ],
    ['a URL that is too long', `http://shop.test/${'x'.repeat(100)}`, {}, 'url_too_long'],
  ]
  it.each(rows)('%s', (_name, url, options, expected) => {
    expect(verdict(url, options)).toBe(expected)
  })

  it('seeds need not match what is included', () => {
    expect(verdict('http://shop.test/', { include: [/\/books\//] }, 0)).toBe('in')
  })

  it('a page deeper than maxDepth is too deep', () => {
    expect(verdict('http://shop.test/a', {}, 3)).toBe('in')
    expect(verdict('http://shop.test/a', {}, 4)).toBe('too_deep')
  })

  it('a pattern that remembers where it stopped is asked afresh', () => {
    const scope = createScope(['http://shop.test/'], { ...defaults, include: [/books/g] })
    const asked = Array.from({ length: 3 }, () => scope(request('http://shop.test/books', { depth: 1 })))
    expect(asked).toEqual(['in', 'in', 'in'])
  })

  it.each([
    ['another host', 'http://other.test/', {}, 'hosts=other.test opens it'],
    ['a sub-domain', 'http://blog.shop.test/', {}, 'within=domain opens it, or hosts'],
    ['what is excluded', 'http://shop.test/x', { exclude: [/x/g] }, 'exclude matches it'],
    ['what is not included', 'http://shop.test/x', { include: [/y/] }, 'include does not match it'],
    ['another host, for all that is included', 'http://other.test/x', { include: [/x/] }, 'hosts=other.test opens it'],
  ])('%s is out of scope by what is named', (_name, url, given, said) => {
    expect(outBy(request(url, { depth: 1 }), 'http://shop.test/', { ...defaults, ...given })).toBe(said)
  })

  it('two domains under one public suffix are two', () => {
    const scope = createScope(['http://a.co.uk/'], { ...defaults, within: 'domain' })
    expect(scope(request('http://b.co.uk/', { depth: 1 }))).toBe('out_of_scope')
    expect(scope(request('http://x.a.co.uk/', { depth: 1 }))).toBe('in')
  })
})

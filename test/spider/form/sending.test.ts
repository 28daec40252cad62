import { describe, expect, expectTypeOf, it } from 'vitest'
import { createPage, parsePage } from '../../../src/parse-page.ts'
import type { Sending } from '../../../src/request.ts'
import { defineSpider } from '../../../src/spider/define-spider.ts'
import type { Follow } from '../../../src/spider/follow.ts'
import { type SendingOptions, sendingOf } from '../../../src/spider/form/sending.ts'

const form = 'application/x-www-form-urlencoded'
const page = createPage({ url: 'http://a.test/', body: '' })

describe('what a follow asks', () => {
  it.each<[asked: SendingOptions, sending: Sending | undefined]>([
    [{}, undefined],
    [{ method: 'GET' }, undefined],
    [{ method: 'GET', headers: {}, idempotent: true }, undefined],
    [
      { method: 'GET', idempotent: false },
      { method: 'GET', headers: {}, isIdempotent: false },
    ],
    [{ method: 'HEAD' }, { method: 'HEAD', headers: {}, isIdempotent: true }],
    [{ headers: { Accept: ' text/csv\t' } }, { method: 'GET', headers: { accept: 'text/csv' }, isIdempotent: true }],
    [{ method: 'POST' }, { method: 'POST', headers: {}, isIdempotent: false }],
    [
      { method: 'POST', idempotent: true },
      { method: 'POST', headers: {}, isIdempotent: true },
    ],
    [
      { form: { q: 'tea & ü', n: 5, ok: true, none: undefined, tags: ['a', 'b'] } },
      {
        method: 'POST',
        headers: { 'content-type': form },
        body: 'q=tea+%26+%C3%BC&n=5&ok=true&tags=a&tags=b',
        isIdempotent: false,
      },
    ],
    [
      {
        form: [
          ['b', '1\n2'],
          ['a', 2],
          ['b', 'x'],
        ],
      },
      { method: 'POST', headers: { 'content-type': form }, body: 'b=1%0D%0A2&a=2&b=x', isIdempotent: false },
    ],
    // What is undefined beside what says enough is left out.
    [{ method: 'GET', json: undefined, form: undefined }, undefined],
    [
      { json: null, form: undefined },
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'null', isIdempotent: false },
    ],
    [{ form: {} }, { method: 'POST', headers: { 'content-type': form }, body: '', isIdempotent: false }],
    [
      { json: { a: [1, null, { b: 'ü' }], c: undefined } },
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"a":[1,null,{"b":"ü"}]}',
        isIdempotent: false,
      },
    ],
    [
      { json: null },
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'null', isIdempotent: false },
    ],
    [
      { json: [], headers: { 'Content-Type': 'application/vnd.api+json' }, idempotent: true },
      { method: 'POST', headers: { 'content-type': 'application/vnd.api+json' }, body: '[]', isIdempotent: true },
    ],
  ])('%j', (asked, sending) => {
    expect(sendingOf(asked)).toEqual(sending)
    expect(page.follow('/b', asked).sending).toEqual(sending)
    expect(page.follow({ url: '/b', ...asked }).sending).toEqual(sending)
  })

  it('RFC 7578: may be a body of several parts, the same for the same parts', () => {
    const multipart = {
      'a"b\n': '1\n2',
      f: { content: 'x\ny', filename: 'ä".txt', type: 'text/plain' },
      g: { content: '', filename: '' },
    }
    const sending = sendingOf({ multipart })
    const boundary = /^multipart\/form-data; boundary=(----doff[0-9a-f]{32})$/.exec(
      sending?.headers['content-type'] ?? '',
    )?.[1]
    expect(sending?.body?.split(`--${boundary}`)).toEqual([
      '',
      '\r\nContent-Disposition: form-data; name="a%22b%0D%0A"\r\n\r\n1\r\n2\r\n',
      '\r\nContent-Disposition: form-data; name="f"; filename="ä%22.txt"\r\nContent-Type: text/plain\r\n\r\nx\ny\r\n',
      '\r\nContent-Disposition: form-data; name="g"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n',
      '--\r\n',
    ])
    expect(sendingOf({ multipart: { ...multipart } })).toEqual(sending)
    expect(sendingOf({ multipart: { ...multipart, h: 1 } })?.headers).not.toEqual(sending?.headers)
  })

  it('is well-formed text, whatever a page was cut into', () => {
    expect(sendingOf({ multipart: { a: '\ud83d' } })?.body).toContain('\ufffd')
    expect(sendingOf({ form: { a: '\ud83d' } })?.body).toBe('a=%EF%BF%BD')
  })

  it.each<[asked: unknown, message: string]>([
    [{ method: 'PUT' }, '`method` is "PUT", and doff sends GET, HEAD and POST'],
    [{ method: 'post' }, '`method` is "post"'],
    [{ method: 'GET', form: {} }, '`form` is a body, and a GET has none (leave out `method`, or make it POST)'],
    [{ method: 'HEAD', json: 1 }, '`json` is a body, and a HEAD has none'],
    [{ json: undefined }, '`json` is undefined, and nothing of it would be sent (leave it out for no body)'],
    [{ form: undefined, headers: { a: 'b' } }, '`form` is undefined'],
    [{ method: 'POST', multipart: undefined }, '`multipart` is undefined'],
    [{ form: {}, json: {} }, '`form` and `json` are both a body, and a request has one'],
    [{ idempotent: 'yes' }, '`idempotent` is neither true nor false'],
    [{ form: 'q=1' }, '`form` is of type string, not an object or a list of names and values'],
    [{ form: new URLSearchParams('q=1') }, '`form` is a URLSearchParams: make it an object, or a list with [...it]'],
    [{ form: [['q', '1'], ['r']] }, '`form`: entry 1 is no pair of a name and a value'],
    [{ form: { q: null } }, '`form`: the value of `q` is null, not text, a number or a boolean'],
    [{ form: { q: Number.NaN } }, '`form`: the value of `q` is NaN'],
    [{ form: { q: [['x']] } }, '`form`: the value of `q` is a list'],
    [{ form: { q: { content: 'x', filename: 'x' } } }, '`form`: `q` is a file, which only `multipart` can send'],
    [{ multipart: { f: new Uint8Array(1) } }, '`multipart`: the value of `f` is a Uint8Array'],
    [
      { multipart: { f: { content: new Uint8Array(1), filename: 'x' } } },
      '`multipart`: the content of the file `f` is a Uint8Array, and only text can be sent',
    ],
    [{ multipart: { f: { content: '' } } }, '`multipart`: the file `f` needs a `filename`'],
    [{ multipart: { f: { content: '', filename: 'x', type: 'a\r\nb: c' } } }, 'and a `type` like text/csv, or none'],
    [{ json: { at: new Date(0) } }, '`json` cannot be sent: data.at is a Date'],
    [{ json: { f: () => 1 } }, '`json` cannot be sent: data.f is a function'],
    [{ headers: [['a', 'b']] }, '`headers` are no object of texts by name'],
    [{ headers: new Headers() }, '`headers` are no object of texts by name'],
    [{ headers: { 'a b': 'c' } }, '`headers`: HTTP allows no name like "a b"'],
    [{ headers: { '': 'c' } }, '`headers`: HTTP allows no name like ""'],
    [{ headers: { ä: 'c' } }, '`headers`: HTTP allows no name like "ä"'],
    [{ headers: { a: 5 } }, '`headers`: the value of `a` is of type number, not text'],
    [{ headers: { a: 'b\r\nc: d' } }, '`headers`: the value of `a` has a character that HTTP does not allow there'],
    [{ headers: { a: '€' } }, '`headers`: the value of `a` has a character'],
    [{ headers: { 'X-A': '1', 'x-a': '2' } }, '`headers`: `x-a` is there twice'],
    [{ headers: { 'content-type': 'text/plain' } }, '`headers`: `content-type` is there, and no body'],
    [
      { multipart: {}, headers: { 'content-type': 'multipart/form-data' } },
      '`content-type` of a `multipart` body is for doff to set',
    ],
  ])('%j is an error', (asked, message) => {
    expect(() => sendingOf(asked as SendingOptions)).toThrow(TypeError)
    expect(() => sendingOf(asked as SendingOptions)).toThrow(message)
  })

  it.each([
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Proxy-Authorization',
    'Accept-Encoding',
    'User-Agent',
    'From',
  ])('has no header %s, which is for doff to set', (name) => {
    expect(() => page.follow('/b', { headers: { [name]: 'x' } })).toThrow(
      `\`headers\`: \`${name}\` is not for a spider to set (`,
    )
  })

  it('keeps a value to itself that it refuses: it may be a secret', () => {
    expect(() => sendingOf({ headers: { authorization: 'Bearer geheim\n' } })).not.toThrow('geheim')
  })
})

describe('the compiler', () => {
  it('knows what goes together', () => {
    // @ts-expect-error -- a GET has no body
    expect(() => page.follow('/b', { method: 'GET', form: { q: '1' } })).toThrow('`form`')
    // @ts-expect-error -- a request has one body
    expect(() => page.follow('/b', { form: {}, json: {} })).toThrow('both')
    // @ts-expect-error -- doff has no PUT
    expect(() => page.follow('/b', { method: 'PUT' })).toThrow('PUT')
    // @ts-expect-error -- a header is text
    expect(() => page.follow('/b', { headers: { a: 1 } })).toThrow('`a`')
    // @ts-expect-error -- only `multipart` has files
    expect(() => page.follow('/b', { form: { f: { content: '', filename: '' } } })).toThrow('`f`')
  })

  it('still reads parser and data out of a follow', () => {
    const follow = page.follow({ url: '/b', form: { q: 1 } }, 'book', { data: { n: 1 }, priority: 2 })
    expectTypeOf(follow).toEqualTypeOf<Follow<'book', { n: number }>>()
    expectTypeOf(page.follow('/b', { json: { a: 1 } })).toEqualTypeOf<Follow<'parse', undefined>>()
    interface Query {
      readonly q: string
    }
    const query: Query = { q: 'tea' }
    expect(page.follow('/b', 'book', { json: query, data: 1 }).sending?.body).toBe('{"q":"tea"}')
  })
})

it('a follow without a URL is an error', () => {
  for (const target of [undefined, null, 5, {}, { form: {} }])
    expect(() => page.follow(target as string)).toThrow('follow() needs a URL')
})

it('a page that is parsed without a crawl tells what its follows ask', async () => {
  const spider = defineSpider({
    name: 'x',
    seeds: ['http://a.test/'],
    parse: (page) => [page.follow('/b', { form: { q: 1 } }), page.follow('/c')],
  })
  const { follows } = await parsePage(spider, page)
  expect(follows[0]).toMatchObject({ url: 'http://a.test/b', sending: { method: 'POST', body: 'q=1' } })
  expect(follows[1]).not.toHaveProperty('sending')
})

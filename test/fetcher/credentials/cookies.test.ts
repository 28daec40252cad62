import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { type CookieChange, cookieKey } from '../../../src/cookie.ts'
import {
  CookieJar,
  maxBytesPerDomain,
  maxCookies,
  maxCookiesPerDomain,
} from '../../../src/fetcher/credentials/cookies.ts'

const shop = 'https://shop.test/'

function openJar(kept: ConstructorParameters<typeof CookieJar>[1] = []) {
  let now = Date.UTC(2030, 0, 1)
  const clock: Clock = { now: () => now, sleep: () => Promise.resolve() }
  const pass = (ms: number) => {
    now += ms
  }
  return { jar: new CookieJar(clock, kept), pass, clock }
}

/** What a commit that goes well is handed. */
const changesOf = (jar: CookieJar) => jar.handOver((changes) => Promise.resolve(changes))

const namesIn = (header: string | undefined) => (header ?? '').split('; ').map((pair) => pair.split('=')[0])

describe('the jar', () => {
  it('RFC 6265bis section 5.8.3: sends longer paths first, then what is older', () => {
    const { jar, pass } = openJar()
    for (const line of ['a=1; Path=/', 'b=2; Path=/x', 'c=3; Path=/', 'd=4; Path=/x/y']) {
      jar.take(shop, line)
      pass(1)
    }
    // Set anew, it keeps its age.
    jar.take(shop, 'a=5; Path=/')
    expect(jar.headerFor('https://shop.test/x/y')).toBe('d=4; b=2; a=5; c=3')
  })

  it('takes several lines of one answer, and has nothing for a host that set none', () => {
    const { jar } = openJar()
    jar.take(shop, ['a=1', 'b=2; Max-Age=0', 'nonsense', 'c=3'])
    expect([jar.headerFor(shop), jar.headerFor('https://other.test/')]).toEqual(['a=1; c=3', undefined])
    jar.take(shop, undefined)
    expect(jar.headerFor(shop)).toBe('a=1; c=3')
  })

  it('tells a cookie of the host alone from one of its domain', () => {
    const { jar } = openJar()
    jar.take(shop, ['a=host; Path=/', 'a=domain; Path=/; Domain=shop.test'])
    expect(jar.headerFor(shop)).toBe('a=host; a=domain')
    expect(jar.headerFor('https://www.shop.test/')).toBe('a=domain')
  })

  it('RFC 6265bis section 5.7: forgets what is set with a date in the past', () => {
    const { jar } = openJar()
    jar.take(shop, ['a=1', 'b=2'])
    jar.take(shop, 'a=; Max-Age=0')
    expect(jar.headerFor(shop)).toBe('b=2')
  })

  it('RFC 6265bis section 5.6.2: does not let a cookie live longer because it is used', () => {
    const { jar, pass } = openJar()
    jar.take(shop, 'a=1; Max-Age=60')
    for (let n = 0; n < 5; n++) {
      expect(jar.headerFor(shop)).toBe('a=1')
      pass(12_000)
    }
    expect(jar.headerFor(shop)).toBeUndefined()
  })

  it('RFC 6265bis section 5.7, step 13: lets nobody on http change or hide a Secure cookie', () => {
    const { jar, pass } = openJar()
    jar.take('https://www.shop.test/', 'a=right; Secure; Path=/; Domain=shop.test')
    for (const line of ['a=x; Path=/; Domain=shop.test', 'a=x; Path=/deep', 'a=; Max-Age=0; Path=/; Domain=shop.test'])
      jar.take('http://www.shop.test/', line)
    expect(jar.headerFor('https://www.shop.test/deep')).toBe('a=right')
    // Where the Secure one would not go, and over https, it is another matter.
    pass(1)
    jar.take('http://www.shop.test/', 'b=http; Path=/')
    jar.take('https://www.shop.test/', 'a=new; Secure; Path=/; Domain=shop.test')
    expect(jar.headerFor('https://www.shop.test/')).toBe('a=new; b=http')
  })
})

describe('its bounds', () => {
  it.each([
    ['one host', (n: number) => [`https://evil.test/`, `c${n}=1`]],
    ['all hosts of a domain', (n: number) => [`https://h${n}.evil.test/`, `c=1; Path=/`]],
    ['a domain for all its hosts', (n: number) => [`https://h${n}.evil.test/`, `c${n}=1; Domain=evil.test`]],
  ])('10,000 cookies of %s take the place of %s: the oldest go', async (_name, nth) => {
    const { jar } = openJar()
    jar.take(shop, 'sid=1')
    for (let n = 0; n < 10_000; n++) jar.take(...(nth(n) as [string, string]))
    const kept = (await changesOf(jar)).filter(({ kind }) => kind === 'kept')
    expect(kept).toHaveLength(maxCookiesPerDomain + 1)
    expect(jar.headerFor(shop)).toBe('sid=1')
    expect(jar.headerFor(nth(9_999)[0] ?? '')).toContain('=1')
    expect(jar.headerFor(nth(0)[0] ?? '') ?? '').not.toContain('c0=')
  })

  it('large cookies of a domain are no more than fit into the head of a request', () => {
    const { jar } = openJar()
    for (let n = 0; n < 100; n++) jar.take('https://evil.test/', `c${n}=${'x'.repeat(4_000)}`)
    jar.take('https://evil.test/', `huge=${'x'.repeat(100_000)}`)
    const header = jar.headerFor('https://evil.test/') ?? ''
    expect(header.length).toBeGreaterThan(maxBytesPerDomain - 4_100)
    expect(header.length).toBeLessThan(maxBytesPerDomain + 100)
    expect([header.includes('c99='), header.includes('huge=')]).toEqual([true, false])
  })

  it('of all domains together, those go that were used longest ago', () => {
    const { jar } = openJar()
    for (let n = 0; n < maxCookies; n++) jar.take(`https://s${n}.test/`, 'a=1')
    jar.headerFor('https://s0.test/')
    jar.take('https://one-more.test/', 'a=1')
    expect(jar.headerFor('https://s0.test/')).toBe('a=1')
    expect(jar.headerFor('https://s1.test/')).toBeUndefined()
    expect(jar.headerFor('https://s2.test/')).toBe('a=1')
  })

  it('what is in use stays, expired ones go first, and Secure ones last', () => {
    const { jar, pass } = openJar()
    jar.take(shop, 'used=1; Path=/used')
    jar.take(shop, ['short=1; Max-Age=1; Path=/used', 'safe=1; Secure; Path=/used/c'])
    pass(2_000)
    for (let n = 0; n < maxCookiesPerDomain - 2; n++) jar.take(shop, `c${n}=1; Path=/used/c`)
    expect(jar.headerFor('https://shop.test/used')).toContain('used=1')
    jar.take(shop, 'last=1; Path=/used/c')
    const names = namesIn(jar.headerFor('https://shop.test/used/c'))
    expect([names.includes('used'), names.includes('safe'), names.includes('c0'), names.includes('c1')]).toEqual([
      true,
      true,
      false,
      true,
    ])
  })
})

describe('what has changed in it', () => {
  it('is handed over once, as it is by then', async () => {
    const { jar } = openJar()
    jar.take(shop, ['a=1', 'b=1'])
    jar.take(shop, ['a=2', 'b=; Max-Age=0'])
    const changes = await changesOf(jar)
    expect(changes.map(({ kind, cookie }) => [kind, cookie.name])).toEqual([
      ['kept', 'a'],
      ['gone', 'b'],
    ])
    expect(changes[0]).toMatchObject({ cookie: { value: '2' } })
    expect(await changesOf(jar)).toEqual([])
    jar.headerFor(shop)
    expect(await changesOf(jar)).toEqual([])
  })

  it('includes what has expired', async () => {
    const { jar, pass } = openJar()
    jar.take(shop, 'a=1; Max-Age=1')
    await changesOf(jar)
    pass(1_000)
    jar.headerFor(shop)
    expect((await changesOf(jar)).map(({ kind }) => kind)).toEqual(['gone'])
  })

  it('is what a jar that goes on is filled with', async () => {
    const { jar } = openJar()
    jar.take(shop, ['a=1', 'b=2; Max-Age=60', '__Host-c=3; Secure; Path=/'])
    const kept = (await changesOf(jar)).flatMap((change) => (change.kind === 'kept' ? [change.cookie] : []))
    const next = openJar(kept)
    expect(next.jar.headerFor(shop)).toBe('a=1; b=2; __Host-c=3')
    expect(await changesOf(next.jar)).toEqual([])
    next.pass(60_000)
    expect(next.jar.headerFor(shop)).toBe('a=1; __Host-c=3')
  })

  it('is committed in the end, whichever commits fail, and however many are on their way at once', async () => {
    const line = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9), fc.boolean())
      .map(([name, value, isKept]) => `${name}=${value}; Max-Age=${isKept ? 60 : 0}`)
    const commit = fc.record({ fails: fc.boolean(), isAwaited: fc.boolean() })
    const ways = fc.array(fc.oneof(line, commit), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(ways, async (steps) => {
        const { jar } = openJar()
        const kept = new Map<string, string>()
        const apply = ({ kind, cookie }: CookieChange) =>
          kind === 'kept'
            ? kept.set(cookieKey(cookie), `${cookie.name}=${cookie.value}`)
            : kept.delete(cookieKey(cookie))
        const commits: Promise<void>[] = []
        for (const step of steps) {
          if (typeof step === 'string') jar.take(shop, step)
          else {
            const committing = jar.handOver(async (changes) => {
              // As a store does: at once, and then it may come to nothing.
              if (!step.fails) changes.forEach(apply)
              await Promise.resolve()
              if (step.fails) throw new Error('the disk is full')
            })
            commits.push(committing)
            if (step.isAwaited) await committing.catch(() => undefined)
          }
        }
        await Promise.allSettled(commits)
        for (const change of await changesOf(jar)) apply(change)
        expect([...kept.values()].toSorted().join('; ')).toBe(
          jar.headerFor(shop)?.split('; ').toSorted().join('; ') ?? '',
        )
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ParsedRobots, parseRobots, type RobotsDecision } from '../../src/politeness/parse-robots.ts'

const robotsUrl = 'http://a.test/robots.txt'
const parse = (file: string | Uint8Array) => parseRobots(file, robotsUrl, 'doff')

describe('parseRobots', () => {
  const robots = parse('User-agent: *\nDisallow: /x\nAllow: /x/é\nCrawl-delay: 1.5\nSitemap: /s.xml')

  it.each<[url: string, decision: RobotsDecision]>([
    ['http://a.test/x', { allowed: false, line: 2, rule: 'Disallow: /x' }],
    ['http://a.test/x/%c3%a9?y', { allowed: true, line: 3, rule: 'Allow: /x/é' }],
    ['http://a.test/y', { allowed: true }],
    ['http://a.test/robots.txt', { allowed: true }],
    ['HTTP://u:p@A.test.:80/y/../%78#y', { allowed: false, line: 2, rule: 'Disallow: /x' }],
  ])('%s: %j', (url, decision) => expect(robots.judge(url)).toEqual(decision))

  it('gives the Crawl-delay and the sitemaps', () => {
    expect(robots).toMatchObject({ crawlDelayMs: 1_500, sitemaps: ['http://a.test/s.xml'] })
    expect(Object.hasOwn(parse(''), 'crawlDelayMs')).toBe(false)
  })

  it('reads octets as well as a text', () => {
    expect(parse(Buffer.from('User-agent: *\nDisallow: /é')).judge('http://a.test/é').allowed).toBe(false)
    expect(parse('User-agent: *\nDisallow: /é').judge('http://a.test/é').allowed).toBe(false)
    const latin1 = parse(Buffer.from('User-agent: *\nDisallow: /é', 'latin1'))
    expect(latin1.judge('http://a.test/%E9')).toEqual({ allowed: false, line: 2, rule: 'Disallow: /%E9' })
  })

  it.each(['https://a.test/x', 'http://a.test:8080/x', 'http://b.test/x', 'http://www.a.test/x'])(
    'A3: does not judge %s, which has a robots.txt of its own',
    (url) => {
      expect(() => robots.judge(url)).toThrow(RangeError)
      expect(() => robots.judge(url)).toThrow(
        `The robots.txt of http://a.test says nothing of ${url} (judge it by that of ${new URL(url).origin})`,
      )
    },
  )

  it.each(['/x', '', 'a.test/x', '//a.test/x', 'mailto:me@a.test', 'http://', undefined as unknown as string])(
    'A3: does not judge %j, which is no URL on its own',
    (url) => {
      expect(() => robots.judge(url)).toThrow(TypeError)
      expect(() => robots.judge(url)).toThrow(/^Expected an absolute http\(s\) URL, got .* \(resolve a link against/)
    },
  )

  it.each(['Mozilla/5.0 (compatible; doff/1.0)', 'doff/1.0', 'bot1', '', '*', 'do ff'])(
    'A2: %j is no product token',
    (token) => expect(() => parseRobots('', robotsUrl, token)).toThrow(/^Expected the product token to be .* got "/),
  )

  it('needs to know where the file came from', () => {
    expect(() => parseRobots('', '/robots.txt', 'doff')).toThrow(TypeError)
  })
})

/**
 * RFC 9309 section 2.2 once more, slow and obvious: lines, groups, a regular expression for each rule, the longest of those that match.
 * It shares no code with doff's.
 */
function plainly(file: string, token: string, url: string): RobotsDecision {
  const { pathname, search } = new URL(url)
  if (pathname === '/robots.txt') return { allowed: true }
  interface Rule {
    readonly allow: boolean
    readonly octets: string
    readonly line: number
  }
  const groups: { agents: string[]; rules: Rule[]; isOpen: boolean }[] = []
  for (const [index, text] of file.split('\n').entries()) {
    const found = /^\s*(user-agent|allow|disallow)\s*:([^#]*)/i.exec(text)
    if (found === null) continue
    const [, name = '', rest = ''] = found
    const value = rest.trim()
    const last = groups.at(-1)
    if (name.toLowerCase() === 'user-agent') {
      if (last?.isOpen === true) last.agents.push(value.toLowerCase())
      else groups.push({ agents: [value.toLowerCase()], rules: [], isOpen: true })
    } else if (last !== undefined) {
      last.isOpen = false
      const allow = name.toLowerCase() === 'allow'
      if (value !== '') last.rules.push({ allow, octets: plainOctets(value), line: index + 1 })
    }
  }
  const named = groups.filter(({ agents }) => agents.includes(token))
  const ours = named.length > 0 ? named : groups.filter(({ agents }) => agents.includes('*'))
  const path = plainOctets(pathname + search)
    .replaceAll('*', '%2A')
    .replaceAll('$', '%24')
  const matching = ours.flatMap(({ rules }) => rules).filter(({ octets }) => plainExpression(octets).test(path))
  const longest = Math.max(...matching.map(({ octets }) => plainLength(octets)))
  const best = matching.filter(({ octets }) => plainLength(octets) === longest)
  const winner = best.find(({ allow }) => allow) ?? best[0]
  return winner === undefined ? { allowed: true } : { allowed: winner.allow, line: winner.line }
}

/** UTF-8, octet by octet: each as itself or as its escape. */
function plainOctets(text: string): string {
  return text.replace(/%[0-9a-f]{2}|./gisu, (part) => {
    if (part.length === 3 && part.startsWith('%')) {
      const decoded = decodeURIComponent(/^%[0-7]/.test(part) ? part : 'é')
      return /[\w.~-]/.test(decoded) ? decoded : part.toUpperCase()
    }
    return /[\w.~\-!(),;:@&=+/?*$]/.test(part) ? part : part === "'" ? '%27' : encodeURIComponent(part)
  })
}

/** A dollar sign that is not at the end stands for itself, which is one octet, written as three. */
const plainLength = (octets: string) => octets.length + 2 * (octets.slice(0, -1).split('$').length - 1)

function plainExpression(octets: string): RegExp {
  const isAnchored = octets.endsWith('$')
  const body = (isAnchored ? octets.slice(0, -1) : octets)
    .split('*')
    .map((part) => part.replaceAll('$', '%24').replace(/[^\w%]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${body}${isAnchored ? '$' : ''}`, 's')
}

describe('RFC 9309 section 2.2: what a second, slow reading of it says', () => {
  const piece = fc.constantFrom(
    '/',
    '/',
    'a',
    'b',
    'ab',
    'aab',
    '*',
    '*',
    '$',
    '%61',
    '%2a',
    '%24',
    '%2F',
    'é',
    '%C3%a9',
    '?',
    '=',
    '.',
    ' ',
  )
  const text = (max: number) => fc.array(piece, { maxLength: max }).map((parts) => parts.join(''))
  const pattern = fc.oneof({ arbitrary: text(7).map((rest) => `/${rest}`), weight: 5 }, text(5))
  const agent = fc.constantFrom('*', 'doff', 'Doff', 'other', 'doffer')
  const line = fc.oneof(
    { arbitrary: agent.map((name) => `User-agent: ${name}`), weight: 2 },
    {
      arbitrary: fc.tuple(fc.constantFrom('Allow', 'disallow'), pattern).map(([key, value]) => `${key}: ${value}`),
      weight: 8,
    },
    fc.constantFrom('', '# x', 'Crawl-delay: 1', 'nonsense', 'Disallow:', 'Disallow: /b # c', 'Sitemap: /s'),
  )
  const path = fc.oneof(
    { arbitrary: text(9).map((rest) => `/${rest.replaceAll(' ', '')}`), weight: 9 },
    fc.constantFrom('/robots.txt', '/robots.txt?a'),
  )

  function expectTheSame(robots: ParsedRobots, file: string, paths: readonly string[]): void {
    for (const asked of paths) {
      const url = `http://a.test${asked}`
      const { rule: _, ...decision } = robots.judge(url)
      expect([file, asked, decision]).toEqual([file, asked, plainly(file, 'doff', url)])
    }
  }

  it('is said of small files', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), fc.array(path, { minLength: 1, maxLength: 6 }), (lines, paths) => {
        const file = ['User-agent: *', ...lines].join('\n')
        expectTheSame(parse(file), file, paths)
      }),
      { numRuns: 3_000 },
    )
  })

  it('is said of files that are large enough for an index', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 60, maxLength: 120 }),
        fc.array(path, { minLength: 20, maxLength: 20 }),
        (patterns, paths) => {
          const rules = patterns.map((value, index) => `${index % 3 === 0 ? 'Allow' : 'Disallow'}: ${value}`)
          const file = ['User-agent: *', ...rules].join('\n')
          expectTheSame(parse(file), file, paths)
        },
      ),
      { numRuns: 250 },
    )
  })
})

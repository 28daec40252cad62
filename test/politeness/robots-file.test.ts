import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxRobotsBytes, maxSitemaps, readRobotsFile } from '../../src/politeness/robots-file.ts'
import { maxLineOctets } from '../../src/politeness/robots-lines.ts'
import { canonicalPath } from '../../src/politeness/robots-octets.ts'

const read = (file: string | Uint8Array, productToken = 'doff') =>
  readRobotsFile(typeof file === 'string' ? Buffer.from(file) : file, 'http://a.test/robots.txt', productToken)

/** The rules that speak to us, in short: `+/x` allows, `-/x` disallows. */
const rulesOf = (file: string | Uint8Array, productToken = 'doff') =>
  read(file, productToken).rules.map(({ allow, pattern }) => `${allow ? '+' : '-'}${pattern}`)

describe('RFC 9309 section 2.2.1: the user-agent line', () => {
  it.each(['doff', 'Doff', 'DOFF', 'dOfF'])('product token %s is ours, in any case', (token) => {
    expect(rulesOf(`User-agent: ${token}\nDisallow: /x`)).toEqual(['-/x'])
  })

  it('our product token may be configured in any case', () => {
    expect(rulesOf('user-agent: acme_bot-x\nDisallow: /x', 'Acme_Bot-X')).toEqual(['-/x'])
  })

  it.each(['doffer', 'do', 'xdoff', 'doff-x', 'doff_', 'Mozilla/5.0 (compatible; doff/1.0)', ''])(
    'product token %j is not ours',
    (token) => expect(rulesOf(`User-agent: ${token}\nDisallow: /x`)).toEqual([]),
  )

  it.each(['doff/1.2', 'doff/1.2 (+http://a.test)', 'doff*', 'doff bot'])(
    'ours: %j is our token with more',
    (token) => {
      expect(rulesOf(`User-agent: ${token}\nDisallow: /x`)).toEqual(['-/x'])
    },
  )

  it('groups of the same token are one', () => {
    const file = [
      'User-agent: doff',
      'Disallow: /a',
      '',
      'User-agent: b',
      'Disallow: /b',
      '',
      'User-agent: Doff',
      'Allow: /c',
    ]
    expect(rulesOf(file.join('\n'))).toEqual(['-/a', '+/c'])
  })

  it('groups of * are one, too', () => {
    expect(rulesOf('User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /b')).toEqual(['-/a', '-/b'])
  })

  it('without a group of ours, that of * holds', () => {
    expect(rulesOf('User-agent: b\nDisallow: /b\n\nUser-agent: *\nDisallow: /x')).toEqual(['-/x'])
  })

  it('with a group of ours, that of * does not hold, wherever it stands', () => {
    expect(rulesOf('User-agent: *\nDisallow: /x\n\nUser-agent: doff\nDisallow: /y')).toEqual(['-/y'])
    expect(rulesOf('User-agent: doff\nDisallow: /y\n\nUser-agent: *\nDisallow: /x')).toEqual(['-/y'])
  })

  it('without either, no rules apply', () => {
    expect(rulesOf('User-agent: b\nDisallow: /')).toEqual([])
  })

  it('several user-agent lines share a group', () => {
    expect(rulesOf('User-agent: b\nUser-agent: doff\nUser-agent: c\nDisallow: /x')).toEqual(['-/x'])
  })

  it('a group that names us and * counts once', () => {
    expect(rulesOf('User-agent: *\nUser-agent: doff\nDisallow: /x')).toEqual(['-/x'])
  })

  it('a user-agent line after a rule starts another group', () => {
    expect(rulesOf('User-agent: doff\nDisallow: /x\nUser-agent: b\nDisallow: /y')).toEqual(['-/x'])
  })

  it('an empty line ends no group', () => {
    expect(rulesOf('User-agent: doff\n\n\nDisallow: /x\n\nDisallow: /y')).toEqual(['-/x', '-/y'])
  })

  it('rules before the first user-agent line are nobody’s', () => {
    expect(rulesOf('Disallow: /x\nUser-agent: doff\nDisallow: /y')).toEqual(['-/y'])
  })
})

describe('RFC 9309 section 2.1: a group', () => {
  it.each([
    ['of ours', 'User-agent: *\nDisallow: /\n\nUser-agent: doff\n'],
    ['of ours with an empty rule', 'User-agent: *\nDisallow: /\n\nUser-agent: doff\nDisallow:\n'],
    ['of everybody', 'User-agent: *\n'],
  ])('%s without rules allows everything', (_whose, file) => {
    expect(rulesOf(file)).toEqual([])
  })

  it('an empty rule still ends the run of user-agent lines', () => {
    expect(rulesOf('User-agent: doff\nDisallow:\nUser-agent: b\nDisallow: /x')).toEqual([])
  })
})

describe('RFC 9309 section 2.2.4: other lines', () => {
  it.each([
    'Crawl-delay: 5',
    'Sitemap: http://a.test/s.xml',
    'Host: a.test',
    'Content-Signal: search=yes',
    'nonsense',
    '# x',
    '',
  ])('%j between user-agent lines does not part them', (line) =>
    expect(rulesOf(`User-agent: doff\n${line}\nUser-agent: b\nDisallow: /x`)).toEqual(['-/x']),
  )

  it.each(['Crawl-delay: 5', 'Sitemap: http://a.test/s.xml', 'Host: a.test', 'nonsense', '<html>'])(
    '%j between rules ends no group',
    (line) => expect(rulesOf(`User-agent: doff\nDisallow: /x\n${line}\nDisallow: /y`)).toEqual(['-/x', '-/y']),
  )

  it('an HTML page has no rules', () => {
    expect(read('<!doctype html>\n<title>Not: found</title>\n<a href="http://a.test/">x</a>')).toEqual({
      rules: [],
      crawlDelayMs: undefined,
      sitemaps: [],
    })
  })
})

describe('RFC 9309 section 2.2: lines', () => {
  it.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('end in %s', (_name, end) => {
    expect(read(['User-agent: doff', 'Disallow: /x', 'Allow: /y', ''].join(end)).rules).toEqual([
      { allow: false, pattern: '/x', line: 2 },
      { allow: true, pattern: '/y', line: 3 },
    ])
  })

  it('the last line needs no end', () => {
    expect(rulesOf('User-agent: doff\nDisallow: /x')).toEqual(['-/x'])
  })

  it.each(['Disallow: /x', 'disallow:/x', 'DISALLOW :/x', ' \tDisallow\t: \t/x \t'])('%j is a rule', (line) => {
    expect(rulesOf(`User-agent: doff\n${line}`)).toEqual(['-/x'])
  })

  it('are counted from 1, all of them', () => {
    const { rules } = read('# first\n\nUser-agent: doff\nnonsense\nDisallow: /x # why\n')
    expect(rules).toEqual([{ allow: false, pattern: '/x', line: 5 }])
  })

  it('a byte order mark is none of the first line', () => {
    expect(rulesOf('\ufeffUser-agent: doff\nDisallow: /x')).toEqual(['-/x'])
  })

  it.each(['Disallow: /x#y', 'Disallow: /x # y', 'Disallow: /x\t#', '  Disallow: /x #: /z'])(
    'section 2.2.3: %j ends at its comment',
    (line) => expect(rulesOf(`User-agent: doff # us\n${line}`)).toEqual(['-/x']),
  )

  it('a rule that was there before is not kept twice', () => {
    expect(read('User-agent: doff\nDisallow: /x\nAllow: /x\nDisallow: /x').rules).toEqual([
      { allow: false, pattern: '/x', line: 2 },
      { allow: true, pattern: '/x', line: 3 },
    ])
  })

  it('a null byte and other control characters break nothing', () => {
    expect(rulesOf('\0\nUser-agent: doff\n\0\nDisallow: /a\0b')).toEqual(['-/a%00b'])
  })
})

describe('RFC 9309 section 2.2.2: patterns in canonical octets', () => {
  it.each([
    ['/foo/bar?baz=quz', '/foo/bar?baz=quz'],
    ['/foo/bar/ツ', '/foo/bar/%E3%83%84'],
    ['/foo/bar/%E3%83%84', '/foo/bar/%E3%83%84'],
    ['/foo/bar/%e3%83%84', '/foo/bar/%E3%83%84'],
    ['/foo/bar/%62%61%7A', '/foo/bar/baz'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%2ab', '/a%2Ab'],
    ['/a%24', '/a%24'],
    ['/a$', '/a$'],
    ['/a$b', '/a%24b'],
    ['/a$$', '/a%24$'],
    ['/*.gif$', '/*.gif$'],
    ['/a b', '/a%20b'],
    ['/?f[0]=', '/?f%5B0%5D='],
    ["/{a}|b^c`d'", '/%7Ba%7D%7Cb%5Ec%60d%27'],
    ['/100%', '/100%25'],
    ['/😀', '/%F0%9F%98%80'],
  ])('%s is compared as %s', (written, pattern) => {
    expect(rulesOf(`User-agent: doff\nDisallow: ${written}`)).toEqual([`-${pattern}`])
  })

  it('ours: an octet that is no UTF-8 is kept as its escape, as in a URL of the same server', () => {
    expect(rulesOf(Buffer.from('User-agent: doff\nDisallow: /caf\xe9', 'latin1'))).toEqual(['-/caf%E9'])
  })

  it.each([
    ['http://a.test/', '/'],
    ['http://a.test/a?b=c', '/a?b=c'],
    ['http://a.test/%7ea', '/~a'],
    ['http://a.test/%c3%a9', '/%C3%A9'],
    ['http://a.test/é', '/%C3%A9'],
    ['http://a.test/a*b', '/a%2Ab'],
    ['http://a.test/a%2ab', '/a%2Ab'],
    ['http://a.test/a$', '/a%24'],
    ["http://a.test/?a='{|}'", '/?a=%27%7B%7C%7D%27'],
  ])('the path of %s is compared as %s', (url, path) => {
    expect(canonicalPath(new URL(url))).toBe(path)
  })

  it('a path is its own canonical form, and a pattern without special characters is that of its path', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        fc.pre(path.startsWith('/') && !/[*$]/.test(path + query))
        const canonical = canonicalPath(new URL(`http://a.test${path}?${query}`))
        expect(canonicalPath(new URL(`http://a.test${canonical}`))).toBe(canonical)
        expect(rulesOf(`User-agent: *\nDisallow: ${canonical}`)).toEqual([`-${canonical}`])
      }),
    )
  })
})

describe('google: what is written a little wrong', () => {
  it.each(['disalow', 'dissallow', 'dissalow', 'Disallaw', 'DIASLLOW'])('%s is disallow', (key) => {
    expect(rulesOf(`User-agent: doff\n${key}: /x`)).toEqual(['-/x'])
  })

  it.each(['useragent', 'User agent', 'USERAGENT'])('%s is user-agent', (key) => {
    expect(rulesOf(`${key}: doff\nDisallow: /x`)).toEqual(['-/x'])
  })

  it('site-map is sitemap', () => {
    expect(read('Site-map: /s.xml').sitemaps).toEqual(['http://a.test/s.xml'])
  })

  it.each(['alow', 'allows', 'disallows', 'dis allow', 'user_agent', 'crawl delay'])('%s is nothing', (key) => {
    expect(read(`User-agent: doff\n${key}: 1\nDisallow: /x`)).toMatchObject({
      rules: [{ pattern: '/x' }],
      crawlDelayMs: undefined,
    })
  })

  it.each(['Disallow /x', 'disallow\t/x', '  Disallow  /x  ', 'Disallow /x # why'])('%j has a colon', (line) => {
    expect(rulesOf(`User-agent doff\n${line}`)).toEqual(['-/x'])
  })

  it.each(['Disallow /x /y', 'Disallow', 'Disallow# /x', '/x', 'user agent b'])(
    '%j is nothing: a blank is a colon only between two words',
    (line) => expect(rulesOf(`User-agent: doff\nDisallow: /a\n${line}\nDisallow: /b`)).toEqual(['-/a', '-/b']),
  )

  it.each(['*', '* everybody', '*\tx', '* # x'])('user-agent %j is everybody', (token) => {
    expect(rulesOf(`User-agent: ${token}\nDisallow: /x`)).toEqual(['-/x'])
  })

  it.each(['*bot', '**', '*/1.0'])('user-agent %j is nobody', (token) => {
    expect(rulesOf(`User-agent: ${token}\nDisallow: /x`)).toEqual([])
  })

  it.each(['/d/index.html', '/d/index.htm', '/d/index.html$'])('to allow %s allows its directory, too', (value) => {
    expect(read(`User-agent: doff\nDisallow: /\nAllow: ${value}`).rules).toEqual([
      { allow: false, pattern: '/', line: 2 },
      { allow: true, pattern: value, line: 3 },
      { allow: true, pattern: '/d/$', line: 3, written: value },
    ])
  })

  it.each(['Disallow: /d/index.html', 'Allow: /index.html/x', 'Allow: /d/index.php', 'Allow: /myindex.html'])(
    '%s says nothing of a directory',
    (line) => expect(read(`User-agent: doff\n${line}`).rules).toHaveLength(1),
  )

  it('a line is read up to 16,663 octets', () => {
    const start = 'Disallow: /'
    const pattern = `/${'x'.repeat(maxLineOctets - start.length)}`
    expect(rulesOf(`User-agent: doff\nDisallow: ${pattern}y\nAllow: /z`)).toEqual([`-${pattern}`, '+/z'])
    expect(rulesOf(`User-agent: doff\n${' '.repeat(maxLineOctets)}Disallow: /x`)).toEqual([])
  })
})

describe('the text of a rule', () => {
  const writtenOf = (value: string | Buffer) =>
    read(Buffer.concat([Buffer.from('User-agent: doff\nDisallow: '), Buffer.from(value)])).rules[0]?.written

  it.each(['/é', '/a b', '/%7ea', '/a$b', '/*?f[0]='])('%s is kept as it is written', (value) => {
    expect(writtenOf(value)).toBe(value)
  })

  it.each(['/x', '/%C3%A9', '/*.gif$'])('%s is kept once', (value) => {
    expect(writtenOf(value)).toBeUndefined()
  })

  it.each(['/a\u001b[31m', '/a\u0000', '/a\u202eb', '/a\u2028b'])('%j is not shown to a terminal', (value) => {
    expect(writtenOf(value)).toBeUndefined()
  })

  it('octets that are no UTF-8 are shown escaped', () => {
    expect(writtenOf(Buffer.from('/caf\xe9', 'latin1'))).toBeUndefined()
  })
})

describe('ours: Crawl-delay', () => {
  it.each([
    ['2', 2_000],
    ['.5', 500],
    ['0.25', 250],
    ['1.5', 1_500],
    ['0', 0],
    ['007', 7_000],
    ['9999999', 9_999_999_000],
    ['2 # two', 2_000],
  ])('%j is %j ms', (value, ms) => {
    expect(read(`User-agent: doff\nCrawl-delay: ${value}\nDisallow: /x`).crawlDelayMs).toBe(ms)
  })

  it.each([
    '',
    '-1',
    '+1',
    '0x10',
    '1e400',
    '1e3',
    '9'.repeat(400),
    'Infinity',
    'NaN',
    '5 s',
    '5s',
    '5,5',
    '.',
    '1.',
    '1 2',
  ])('%j is none', (value) =>
    expect(read(`User-agent: doff\nCrawl-delay: ${value}\nDisallow: /x`).crawlDelayMs).toBeUndefined(),
  )

  it('is taken from our group, and from that of * only without one', () => {
    const everybody = 'User-agent: *\nCrawl-delay: 9\n'
    expect(read(everybody).crawlDelayMs).toBe(9_000)
    expect(read(`${everybody}Disallow:\n\nUser-agent: doff\nCrawl-delay: 2\nDisallow: /x`).crawlDelayMs).toBe(2_000)
    expect(read(`${everybody}Disallow:\n\nUser-agent: doff\nDisallow: /x`).crawlDelayMs).toBeUndefined()
  })

  it('the first of several that can be read is taken', () => {
    const lines = ['soon', '3', '7'].map((value) => `Crawl-delay: ${value}`)
    expect(read(`User-agent: doff\n${lines.join('\n')}\nDisallow: /x`).crawlDelayMs).toBe(3_000)
  })

  it('may stand after the rules', () => {
    expect(read('User-agent: doff\nDisallow: /x\nCrawl-delay: 2').crawlDelayMs).toBe(2_000)
  })
})

describe('ours: Sitemap', () => {
  const sitemapsOf = (...values: string[]) => read(values.map((value) => `Sitemap: ${value}`).join('\n')).sitemaps

  it('is resolved against the robots.txt', () => {
    expect(sitemapsOf('/s.xml', 'maps/t.xml', '//b.test/u.xml', 'HTTPS://A.test:443/v.xml')).toEqual([
      'http://a.test/s.xml',
      'http://a.test/maps/t.xml',
      'http://b.test/u.xml',
      'https://a.test/v.xml',
    ])
  })

  it('is listed once', () => {
    expect(sitemapsOf('/s.xml', 'http://a.test/s.xml', 'http://A.test:80/s.xml', '/t.xml')).toEqual([
      'http://a.test/s.xml',
      'http://a.test/t.xml',
    ])
  })

  it.each(['javascript:alert(1)', 'ftp://a.test/s.xml', 'http://', 'file:///s.xml', 'data:,x'])(
    '%s is none',
    (value) => {
      expect(sitemapsOf(value)).toEqual([])
    },
  )

  it('is none without a value', () => {
    expect(sitemapsOf('', '# later')).toEqual([])
  })

  it('counts in whatever group it stands, and before any', () => {
    expect(read('Sitemap: /a\nUser-agent: b\nSitemap: /b\nDisallow: /\nSitemap: /c').sitemaps).toHaveLength(3)
  })
})

describe('RFC 9309 section 2.5: limits', () => {
  const head = 'User-agent: doff\nDisallow: /first\n'

  /** Filler up to a rule that starts so many bytes before the limit. */
  function filled(beforeLimit: number, rule: string, end = '\n') {
    const start = head.replaceAll('\n', end)
    const room = maxRobotsBytes - beforeLimit - start.length
    return `${start}#${'x'.repeat(room - 1 - end.length)}${end}${rule}`
  }

  it('at least 500 KiB are read', () => {
    expect(maxRobotsBytes).toBeGreaterThanOrEqual(500 * 1024)
    const file = filled(15, 'Disallow: /last')
    expect(file).toHaveLength(maxRobotsBytes)
    expect(rulesOf(file)).toEqual(['-/first', '-/last'])
  })

  it('ours: the rest is cut off at the last full line', () => {
    expect(rulesOf(filled(16, 'Disallow: /last\nDisallow: /beyond\n'))).toEqual(['-/first', '-/last'])
    expect(rulesOf(filled(12, 'Disallow: /last\nDisallow: /beyond\n'))).toEqual(['-/first'])
  })

  it('ours: lines that end in CR are cut as well, not dropped all together', () => {
    expect(rulesOf(filled(16, 'Disallow: /last\rDisallow: /beyond\r', '\r'))).toEqual(['-/first', '-/last'])
  })

  it('A7: a rule is kept once, however often its group is named', () => {
    const agents = Array.from({ length: 15_000 }, (_, index) =>
      index % 2 === 0 ? 'User-agent: *' : 'User-agent: doff',
    )
    const rules = Array.from({ length: 10_000 }, (_, index) => `Allow: /${index}`)
    expect(read([...agents, ...rules].join('\n')).rules).toHaveLength(10_000)
    expect(read([...agents, ...rules.map(() => 'Allow: /x')].join('\n')).rules).toHaveLength(1)
  })

  it('A7: sitemaps have a bound', () => {
    const lines = Array.from({ length: maxSitemaps + 10 }, (_, index) => `Sitemap: /${index}`)
    expect(read(lines.join('\n')).sitemaps).toHaveLength(maxSitemaps)
  })

  it('ours: many agents and many rules cost no more than their lines', () => {
    const agents = Array.from({ length: 10_000 }, (_, index) => `User-agent: ${'b'.repeat(1 + (index % 9))}`)
    const rules = Array.from({ length: 10_000 }, (_, index) => `Disallow: /${index}`)
    const startedAt = performance.now()
    expect(read([...agents, 'User-agent: doff', ...rules].join('\n')).rules).toHaveLength(10_000)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})

it.each(['soon', '5s', '-1', '0x10', '1e400', ''])(
  'POLITENESS C4: a Crawl-delay of %j is ignored, and told',
  (value) => {
    const { crawlDelayMs, signals } = read(`User-agent: *\nCrawl-delay: ${value}\nDisallow: /x`)
    expect(crawlDelayMs).toBeUndefined()
    expect(signals).toEqual([{ name: 'crawl-delay, which is no number of seconds and ignored', value, line: 2 }])
  },
)

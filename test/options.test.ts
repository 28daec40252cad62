import { describe, expect, it } from 'vitest'
import { OptionError } from '../src/errors.ts'
import {
  checkOptions,
  isOptionName,
  isSecret,
  mergeOptions,
  type OptionName,
  optionNames,
  optionTable,
  readOption,
  resolveOptions,
} from '../src/options.ts'

describe('the table of options', () => {
  it.each(optionNames)('%s has a default that its own schema accepts', (name) => {
    expect(optionTable[name].schema.safeParse(optionTable[name].default).success).toBe(true)
  })

  it.each(optionNames)('%s has a meaning that is a sentence', (name) => {
    expect(optionTable[name].meaning).toMatch(/^[A-Z0-9].*\.$/)
  })

  it('names what is a number with a unit, or a count', () => {
    const numbers = optionNames.filter((name) => typeof optionTable[name].default === 'number')
    for (const name of numbers) {
      const isCount = /^(max[A-Z]\w*|concurrency|per[A-Z]\w*Concurrency)$/.test(name)
      expect(isCount || /(Ms|Bytes|BytesPerSecond)$/.test(name), name).toBe(true)
    }
  })

  it('knows its own names and no others', () => {
    expect(isOptionName('maxDepth')).toBe(true)
    expect(isOptionName('toString')).toBe(false)
    expect(isOptionName('__proto__')).toBe(false)
  })
})

describe('checkOptions', () => {
  it.each<[values: object, message: string]>([
    [{ maxDepth: -1 }, 'Expected `maxDepth` to be a non-negative integer, got `-1` (number)'],
    [{ maxDepth: 1.5 }, 'Expected `maxDepth` to be a non-negative integer, got `1.5` (number)'],
    [{ maxDepth: Number.NaN }, 'Expected `maxDepth` to be a non-negative integer, got `NaN` (number)'],
    [{ concurrency: 0 }, 'Expected `concurrency` to be a positive integer, got `0` (number)'],
    [{ concurrency: '16' }, 'Expected `concurrency` to be a positive integer, got "16" (string)'],
    [{ concurrency: null }, 'Expected `concurrency` to be a positive integer, got `null` (object)'],
    [{ within: 'galaxy' }, 'Expected `within` to be `host`, `domain` or `anywhere`, got "galaxy" (string)'],
    [
      { delayMs: Number.POSITIVE_INFINITY },
      'Expected `delayMs` to be a number of milliseconds from 0 to 2147483647 (on the command line also `1.5s`, `2m`, `1h`), got `Infinity` (number)',
    ],
    [
      { acceptStatuses: [200, 404] },
      'Expected `acceptStatuses` to be a list of HTTP statuses from 300 to 599, got [200, 404]',
    ],
    [
      { contact: 'nobody' },
      'Expected `contact` to be an e-mail address or an http(s) URL at which you can be reached, got "nobody" (string)',
    ],
    [
      { productToken: 'Acme Bot' },
      'Expected `productToken` to be letters, "-" and "_" only (RFC 9309 section 2.2.1), got "Acme Bot" (string)',
    ],
    [
      { allowPrivate: ['10.0.0.0/8', '10.0.0/33'] },
      'Expected `allowPrivate` to be a list of IP addresses and ranges like `10.0.0.0/8` or `fd00::/8`, got [10.0.0.0/8, 10.0.0/33]',
    ],
  ])('refuses %j and says what it wants', (values, message) => {
    expect(() => checkOptions(values)).toThrow(new OptionError(Object.keys(values)[0] ?? '', message))
  })

  it('says where a wrong option was given, and which one it is', () => {
    const check = () => checkOptions({ maxPages: 'many' }, 'config/default.ts')
    expect(check).toThrow('Expected `maxPages` (in config/default.ts) to be a positive integer, got "many" (string)')
    expect(check).toThrow(expect.objectContaining({ code: 'bad_option', option: 'maxPages' }))
  })

  it.each([
    ['maxDepht', 'maxDepth'],
    ['MAXDEPTH', 'maxDepth'],
    ['delay', 'delayMs'],
    ['robotsTimeout', 'robotsTimeoutMs'],
  ])('suggests for the unknown option %s the known %s', (name, suggested) => {
    expect(() => checkOptions({ [name]: 1 })).toThrow(
      `No option is called \`${name}\` (did you mean \`${suggested}\`?)`,
    )
  })

  it('says where an unknown option was given', () => {
    expect(() => checkOptions({ maxDepht: 1 }, 'x.ts')).toThrow('No option is called `maxDepht` (in x.ts) (did you')
  })

  it('suggests for a longer beginning the name that begins so', () => {
    expect(() => checkOptions({ maxRedirect: 1 })).toThrow('did you mean `maxRedirects`?')
    expect(() => checkOptions({ maxRetryAfter: 1 })).toThrow('did you mean `maxRetryAfterMs`?')
  })

  it('lists the options for one that is like none', () => {
    expect(() => checkOptions({ zzz: 1 })).toThrow(`No option is called \`zzz\` (known: ${optionNames.join(', ')})`)
  })

  it('refuses what has no text of its own with an option error, too', () => {
    expect(() => checkOptions({ maxDepth: Object.create(null) })).toThrow(OptionError)
    expect(() => checkOptions({ maxDepth: Symbol('x') })).toThrow('got `Symbol(x)` (symbol)')
  })

  it.each<object>([
    {},
    { maxPages: Number.POSITIVE_INFINITY },
    { maxDepth: 0 },
    { delayMs: 0 },
    { delayMs: 0.5 },
    { delayMs: 2 ** 31 - 1 },
    { contact: 'me@a.test' },
    { contact: undefined, maxPages: undefined },
    { include: [/x/], hosts: ['a.test'], acceptStatuses: [404] },
    { allowPrivate: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1'] },
  ])('accepts %j', (values) => {
    expect(checkOptions(values)).toEqual(values)
  })

  it.each<object>([
    { delayMs: 2 ** 31 },
    { delayMs: -1 },
    { delayMs: Number.NaN },
    { maxBodyBytes: 0 },
    { maxBodyBytes: 1.5 },
    { hosts: ['http://a.test'] },
    { hosts: ['a.test:80'] },
    { hosts: [''] },
    { hosts: 'a.test' },
    { include: ['x'] },
    { perHostConcurrency: 0 },
    { acceptStatuses: [600] },
    { allowPrivate: '10.0.0.0/8' },
    { allowPrivate: ['localhost'] },
    { productToken: '' },
    { productToken: 'bot1' },
  ])('refuses %j', (values) => {
    expect(() => checkOptions(values)).toThrow(OptionError)
  })
})

describe('readOption', () => {
  it.each<[OptionName, string, unknown]>([
    ['delayMs', '200', 200],
    ['delayMs', '200ms', 200],
    ['delayMs', '1.5s', 1_500],
    ['delayMs', '2m', 120_000],
    ['delayMs', '1h', 3_600_000],
    ['delayMs', ' 1 s ', 1_000],
    ['delayMs', '0', 0],
    ['maxBodyBytes', '1000', 1_000],
    ['maxBodyBytes', '1000B', 1_000],
    ['maxBodyBytes', '512KiB', 524_288],
    ['maxBodyBytes', '10MiB', 10_485_760],
    ['maxBodyBytes', '1GiB', 1_073_741_824],
    ['maxDepth', '3', 3],
    ['maxDepth', '-1', -1],
    ['within', 'domain', 'domain'],
    ['hosts', 'a.test, b.test', ['a.test', 'b.test']],
    ['hosts', '', []],
    ['acceptStatuses', '404,410', [404, 410]],
    ['allowPrivate', '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ['include', '/a/ ^x$', [/\/a\//, /^x$/]],
    ['contact', 'me@a.test', 'me@a.test'],
    ['strictRobots', 'true', true],
    ['strictRobots', 'false', false],
    ['basicAuth', 'https://a.test=ada:pa=ss:word', { 'https://a.test': 'ada:pa=ss:word' }],
    ['basicAuth', 'a.test=ada:x, http://127.0.0.1:8080=eve:', { 'a.test': 'ada:x', 'http://127.0.0.1:8080': 'eve:' }],
    ['basicAuth', 'none', {}],
    ['proxy', 'none', 'none'],
    ['proxy', 'socks5://[::1]:9050', 'socks5://[::1]:9050'],
    ['basicAuth', 'a.test=ada:a%2Cb%20c%25%C3%A9', { 'a.test': 'ada:a,b c%é' }],
  ])('reads %s from %j', (name, text, value) => {
    expect(readOption(name, text)).toEqual(value)
  })

  it('takes `none` for no folder of a cache or a recording, whatever another layer says', () => {
    const layers = [{ cache: 'a' }, { cache: 'none', replay: 'b' }] as const
    expect(resolveOptions(...layers)).toMatchObject({ cache: undefined, replay: 'b' })
    expect(resolveOptions(...layers, { replay: 'none' })).toMatchObject({ cache: undefined, replay: undefined })
    expect(resolveOptions({ cache: './none' })).toMatchObject({ cache: './none' })
  })

  it.each<[OptionName, string]>([
    ['delayMs', '-5'],
    ['delayMs', '5x'],
    ['delayMs', '5constructor'],
    ['delayMs', '1e3'],
    ['delayMs', 'soon'],
    ['delayMs', ''],
    ['maxBodyBytes', '10MB'],
    ['maxBodyBytes', '10mib'],
    ['maxDepth', 'three'],
    ['maxDepth', '0x10'],
    ['maxDepth', ''],
    ['acceptStatuses', '404,x'],
    ['include', '('],
    ['strictRobots', 'yes'],
    ['strictRobots', ''],
    ['basicAuth', 'ada:secret'],
    ['basicAuth', 'https://a.test'],
    ['basicAuth', 'a.test=secret'],
    ['basicAuth', 'a.test=ada:100%'],
    ['basicAuth', 'a.test=ada:one two'],
    ['basicAuth', '=ada:secret'],
    ['basicAuth', 'http://a.test/path=ada:secret'],
    ['basicAuth', 'http://eve:x@a.test=ada:secret'],
    ['basicAuth', 'a.test:8080=ada:secret'],
    ['basicAuth', 'ftp://a.test=ada:secret'],
    ['basicAuth', 'a.test=ada:sec%0Aret'],
    ['proxy', 'proxy.test:3128'],
    ['proxy', 'ftp://proxy.test'],
    ['proxy', 'socks4://proxy.test'],
    ['proxy', 'http://proxy.test/path'],
    ['proxy', 'http://ada:%zz@proxy.test'],
    ['proxy', ''],
  ])('passes %s from %j on to be refused', (name, text) => {
    expect(() => checkOptions({ [name]: readOption(name, text) })).toThrow(OptionError)
  })

  it('shows the text that could not be read, not what became of it', () => {
    for (const text of ['5x', '5constructor']) {
      expect(() => checkOptions({ delayMs: readOption('delayMs', text) })).toThrow(`got "${text}" (string)`)
    }
  })

  const noOrigin = 'is no origin (a scheme, a host, perhaps a port, and nothing more)'
  const noPlace = 'is for neither an origin nor a host name (a port needs a scheme: `https://host:8443`)'
  const noEntry = 'is no `origin=user:password` (in a password, %2C is a comma and %20 a blank)'
  const noPair = 'is no `user:password` without control characters'
  it.each<[given: string, fault: string]>([
    ['https://a.test/x=ada:s3cret', `but \`https://a.test/x\` ${noOrigin}`],
    ['a.test=ada:s3cret,HTTP://b.test?s3cret=ada:s3cret', `but \`HTTP://b.test?...\` ${noOrigin}`],
    ['a.test=ada:s3cret b.test:80=ada:s3cret', `but entry 2 ${noPlace}`],
    ['https://a.test=ada', `but what is set for \`https://a.test\` ${noPair}`],
    ['a.test=ada:s3cret,https://b.test=ada:%0As3cret', `but what is set for \`https://b.test\` ${noPair}`],
    // What stands where a place should may be part of a password.
    ['https://a.test=ada:one,s3cret', `but entry 2 ${noEntry}`],
    ['https://a.test=ada:one,s3=cret', `but what is set for entry 2 ${noPair}`],
    ['ada:s3cret=https://a.test', `but entry 1 ${noPlace}`],
    ['https://ada:s3cret@a.test=x:y', `but entry 1 ${noOrigin}`],
    ['ada:s3cret@a.test', `but entry 1 ${noEntry}`],
    ['a.test=ada:s3cret%', 'but a `%` in it begins no character (%25 is a `%`)'],
  ])('of basicAuth %j it says which entry is wrong, and shows nothing secret', (given, fault) => {
    const check = () => checkOptions({ basicAuth: readOption('basicAuth', given) }, 'here')
    expect(check).toThrow('Expected `basicAuth` (in here) to be user names and passwords by origin')
    expect(check).toThrow(`%2C for a comma in a password; or \`none\`), ${fault}`)
    expect(check).not.toThrow(/s3|cret\b|ada/)
  })

  it('takes a proxy for a secret where its URL has a user name or password', () => {
    const secrets = ['http://ada:s3cret@a.test:3128', 'socks5://ada@a.test', 'ada:s3cret@a.test']
    for (const proxy of secrets) expect(isSecret('proxy', proxy)).toBe(true)
    for (const proxy of ['http://a.test:3128', 'none', undefined]) expect(isSecret('proxy', proxy)).toBe(false)
    expect(() => checkOptions({ proxy: 'ada:s3cret@a.test' })).not.toThrow(/s3cret/)
  })

  it('does not make two patterns of one with a comma in a quantifier', () => {
    expect(readOption('include', '/p/\\d{1,3}$')).not.toHaveLength(2)
  })

  it('leaves the text of an unknown option as it is', () => {
    expect(readOption('nonsense', '200ms')).toBe('200ms')
  })
})

describe('layers of options', () => {
  it('later ones win, and an undefined says nothing', () => {
    expect(mergeOptions({ maxDepth: 1, maxPages: 1 }, { maxDepth: 2, maxPages: undefined })).toEqual({
      maxDepth: 2,
      maxPages: 1,
    })
    expect(resolveOptions({ delayMs: 1 }, { delayMs: undefined }, { maxDepth: 0 })).toMatchObject({
      delayMs: 1,
      maxDepth: 0,
    })
  })

  it('a list replaces the list of an earlier layer', () => {
    expect(resolveOptions({ hosts: ['a.test'] }, { hosts: ['b.test'] }).hosts).toEqual(['b.test'])
    expect(resolveOptions({ hosts: ['a.test'] }, { hosts: [] }).hosts).toEqual([])
  })

  it('without any, every option has its default', () => {
    const options = resolveOptions()
    expect(Object.keys(options).sort()).toEqual([...optionNames].sort())
    for (const name of optionNames) expect(options[name], name).toEqual(optionTable[name].default)
  })

  it('the polite defaults are the promised ones', () => {
    expect(resolveOptions()).toMatchObject({
      delayMs: 1_000,
      perHostConcurrency: 1,
      concurrency: 16,
      maxDepth: 20,
      maxUrlLength: 2_083,
      maxRetries: 2,
      maxRedirects: 5,
      maxBodyBytes: 10 * 1024 * 1024,
      maxCrawlDelayMs: 60_000,
      maxRetryAfterMs: 3_600_000,
      contact: undefined,
    })
  })

  it('are resolved to a frozen value', () => {
    expect(Object.isFrozen(resolveOptions({ maxDepth: 1 }))).toBe(true)
  })

  it('are checked when they are resolved', () => {
    expect(() => resolveOptions({ maxDepth: -1 })).toThrow(OptionError)
  })

  it('give the contact as a URL', () => {
    expect(resolveOptions({ contact: 'me@a.test' }).contact).toBe('mailto:me@a.test')
    expect(resolveOptions({ contact: 'https://A.test' }).contact).toBe('https://a.test/')
  })
})

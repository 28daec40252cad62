/**
 * The largest robots.txt that are read, written to be as dear as can be: for tests that count work and `npm run bench:robots`.
 */

export interface HugeFile {
  readonly name: string
  readonly text: string
  /** A path to ask about; no two numbers have the same. */
  readonly pathOf: (number: number) => string
}

const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index))
const words = ['shoes', 'red', 'sale', 'sort', 'page', 'filter', 'colour', 'brand', 'size', 'print']
const word = (number: number) => words[number % words.length] ?? ''

export const hugeFiles: readonly HugeFile[] = [
  {
    name: '10,000 rules with asterisks',
    text: [
      'User-agent: *',
      ...many(
        10_000,
        (index) => `${index % 7 === 0 ? 'Allow' : 'Disallow'}: /*/${word(index)}/*?id=${index}*&${word(index >> 3)}=`,
      ),
    ].join('\n'),
    pathOf: (number) => `/shop/${word(number)}/item-${number}?id=${number * 2}x&${word((number * 2) >> 3)}=1`,
  },
  {
    name: '500 agents x 1,000 rules',
    text: [
      ...many(500, (index) => `User-agent: bot${'x'.repeat(index % 50)}`),
      'User-agent: doff',
      ...many(1_000, (index) => `Disallow: /private/${index}/*.html$`),
    ].join('\n'),
    pathOf: (number) => `/private/${number % 1_100}/page-${number}.html`,
  },
  {
    name: '17,000 agent lines that name us x 17,000 rules',
    text: [...many(17_000, () => 'User-agent: *'), ...many(17_000, (index) => `Disallow:/${index}`)].join('\n'),
    pathOf: (number) => `/${number * 5}`,
  },
  {
    name: '35,000 plain rules',
    text: ['User-agent: *', ...many(35_000, (index) => `Allow: /${index.toString(36)}`)].join('\n'),
    pathOf: (number) => `/${(number * 11).toString(36)}/x`,
  },
  {
    name: '8,000 rules of the same few words',
    text: [
      'User-agent: *',
      ...many(
        8_000,
        (index) =>
          `Disallow: /*${[...index.toString().padStart(4, '0')].map((digit) => word(Number(digit))).join('*')}*.html$`,
      ),
    ].join('\n'),
    pathOf: (number) => `/${[...number.toString()].map((digit) => word(Number(digit))).join('/')}.html`,
  },
  {
    name: '11,000 rules over two letters, against such a path',
    text: [
      'User-agent: *',
      ...many(
        11_000,
        (index) => `Disallow: /*${(index + 2 ** 14).toString(2).replaceAll('0', 'a*').replaceAll('1', 'b')}c`,
      ),
    ].join('\n'),
    pathOf: (number) => `/${number.toString(2).replaceAll('0', 'ab').replaceAll('1', 'ba').repeat(8)}`,
  },
  {
    name: '30 rules of 16,000 asterisks',
    text: ['User-agent: *', ...many(30, (index) => `Disallow: /${'*'.repeat(16_000 + index)}`)].join('\n'),
    pathOf: (number) => `/${number}`,
  },
]

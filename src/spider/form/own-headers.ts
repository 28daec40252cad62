/**
 * Headers that a spider sends besides doff's: checked where they are written, so that a request that cannot be sent is never stored.
 */

/** What speaks of the connection and of the message's length (RFC 9110 sections 7.6 and 8.6), of who is asking, or of what doff can decode. */
const ours: Readonly<Record<string, string>> = {
  host: 'the URL says it',
  'content-length': 'doff counts it',
  'transfer-encoding': 'doff sets it',
  connection: 'doff sets it',
  'keep-alive': 'doff sets it',
  'proxy-connection': 'doff sets it',
  te: 'doff sets it',
  trailer: 'doff sends none',
  upgrade: 'doff speaks HTTP only',
  expect: 'doff waits for no interim answer',
  'proxy-authorization': 'see the option `proxy`',
  'accept-encoding': 'doff names what it can decode',
  'user-agent': 'it says who is asking: see the options `productToken` and `contact`',
  from: 'it says who is asking: see the option `contact`',
}

/** RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** RFC 9110 section 5.5: visible characters, blanks and tabs, and the octets above ASCII. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * With names in lower case.
 * @throws TypeError naming the header that HTTP does not allow, or that is doff's to set.
 */
export function checkHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers) || Symbol.iterator in headers)
    throw new TypeError('`headers` are no object of texts by name')
  const checked = new Map<string, string>()
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (!token.test(name)) throw new TypeError(`\`headers\`: HTTP allows no name like ${JSON.stringify(given)}`)
    const whose = Object.hasOwn(ours, name) ? ours[name] : undefined
    if (whose !== undefined) throw new TypeError(`\`headers\`: \`${given}\` is not for a spider to set (${whose})`)
    if (typeof value !== 'string')
      throw new TypeError(`\`headers\`: the value of \`${given}\` is ${shown(value)}, not text`)
    // Its value may be a secret, and is not told.
    if (!fieldValue.test(value))
      throw new TypeError(`\`headers\`: the value of \`${given}\` has a character that HTTP does not allow there`)
    if (checked.has(name)) throw new TypeError(`\`headers\`: \`${given}\` is there twice`)
    checked.set(name, value.trim())
  }
  return Object.fromEntries(checked)
}

const shown = (value: unknown) => (value === null ? 'null' : `of type ${typeof value}`)

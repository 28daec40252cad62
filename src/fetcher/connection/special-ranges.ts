/**
 * Addresses that are not on the public net, as one table: IANA's registries of special-purpose addresses (RFC 6890), what of IPv6 is no
 * unicast on the public net (RFC 4291), and one address of a cloud. The first row that an address is in says what it is.
 *
 * An IPv6 address that stands for an IPv4 address is judged by that one, where it leads there: on a net with NAT64 (RFC 6146), every site
 * that has IPv4 only is found at such an address. A NAT64 prefix of a net's own cannot be known.
 */
import { BlockList, isIP } from 'node:net'

type Row = readonly [range: string, what: string, source: string]

const rows4: readonly Row[] = [
  ['0.0.0.0/8', 'an address of "this network"', 'RFC 791'],
  ['10.0.0.0/8', 'a private address', 'RFC 1918'],
  ['100.64.0.0/10', 'an address shared by the customers of a provider', 'RFC 6598'],
  ['127.0.0.0/8', 'a loopback address', 'RFC 1122'],
  // Clouds tell a machine's credentials at 169.254.169.254.
  ['169.254.0.0/16', 'a link-local address', 'RFC 3927'],
  ['172.16.0.0/12', 'a private address', 'RFC 1918'],
  ['192.0.0.0/24', 'an address for protocols of the IETF', 'RFC 6890'],
  ['192.0.2.0/24', 'an address for documentation', 'RFC 5737'],
  ['192.88.99.0/24', 'a 6to4 relay', 'RFC 7526'],
  ['192.168.0.0/16', 'a private address', 'RFC 1918'],
  ['198.18.0.0/15', 'an address for benchmarks', 'RFC 2544'],
  ['198.51.100.0/24', 'an address for documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'an address for documentation', 'RFC 5737'],
  ['224.0.0.0/4', 'a multicast address', 'RFC 5771'],
  ['255.255.255.255/32', 'the broadcast address', 'RFC 919'],
  ['240.0.0.0/4', 'a reserved address', 'RFC 1112'],
  ['168.63.129.16/32', 'an address of the machine that a machine at Azure runs on', "Azure's documentation"],
]

const rows6: readonly Row[] = [
  ['::/128', 'the unspecified address', 'RFC 4291'],
  ['::1/128', 'a loopback address', 'RFC 4291'],
  ['::/96', 'an IPv4-compatible address', 'RFC 4291'],
  ['::ffff:0:0:0/96', 'an IPv4-translated address', 'RFC 2765'],
  ['64:ff9b:1::/48', 'an address of a local NAT64', 'RFC 8215'],
  ['100::/64', 'an address for discarding', 'RFC 6666'],
  ['100:0:0:1::/64', 'a dummy address', 'RFC 9780'],
  ['2001::/32', 'a Teredo address', 'RFC 4380'],
  ['2001:2::/48', 'an address for benchmarks', 'RFC 5180'],
  ['2001:10::/28', 'an ORCHID', 'RFC 4843'],
  ['2001:20::/28', 'an ORCHID', 'RFC 7343'],
  ['2001::/23', 'an address for protocols of the IETF', 'RFC 2928'],
  ['2001:db8::/32', 'an address for documentation', 'RFC 3849'],
  ['2002::/16', 'a 6to4 address', 'RFC 3056'],
  ['3fff::/20', 'an address for documentation', 'RFC 9637'],
  ['5f00::/16', 'a segment of SRv6', 'RFC 9602'],
  ['fc00::/7', 'a private address', 'RFC 4193'],
  ['fe80::/10', 'a link-local address', 'RFC 4291'],
  ['fec0::/10', 'a site-local address', 'RFC 3879'],
  ['ff00::/8', 'a multicast address', 'RFC 4291'],
  // What is left outside of 2000::/3.
  ['::/3', 'a reserved address', 'RFC 4291'],
  ['4000::/2', 'a reserved address', 'RFC 4291'],
  ['8000::/1', 'a reserved address', 'RFC 4291'],
]

/** The first 96 bits of addresses that lead to the IPv4 address in their last 32: ::ffff:0:0/96 (RFC 4291) and 64:ff9b::/96 (RFC 6052). */
const embedding = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'])

/** An address, read. */
export interface Address {
  /** One spelling for each. */
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  /** The IPv4 address that it leads to. */
  readonly inner: string | undefined
}

/** `undefined` for what is no address. A zone (`fe80::1%eth0`) says by which interface, not whither. */
export function readAddress(text: string): Address | undefined {
  const bare = text.replace(/%.*$/, '')
  if (isIP(bare) === 4) return { address: bare, family: 'ipv4', inner: undefined }
  const address = isIP(bare) === 6 ? URL.parse(`http://[${bare}]/`)?.hostname.slice(1, -1) : undefined
  if (address === undefined) return undefined
  const groups = groupsOf(address)
  if (!embedding.has(groups.slice(0, 6).join(':'))) return { address, family: 'ipv6', inner: undefined }
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return { address, family: 'ipv6', inner: [high >> 8, high & 255, low >> 8, low & 255].join('.') }
}

/** What an address is that is not on the public net, in words: `a private address (10.0.0.0/8, RFC 1918)`. */
export function specialRangeOf({ address, family, inner }: Address): string | undefined {
  if (inner !== undefined) {
    const range = found(inner, 'ipv4')
    return range === undefined ? undefined : `${inner} in the form of IPv6, ${range}`
  }
  return found(address, family)
}

function found(address: string, family: Address['family']): string | undefined {
  const row = (family === 'ipv4' ? lists4 : lists6).find(({ list }) => list.check(address, family))
  return row?.words
}

// A list for each row and family: one of IPv6 ranges would take IPv4 addresses for their mapped form.
const lists4 = rows4.map((row) => listOf(row, 'ipv4'))
const lists6 = rows6.map((row) => listOf(row, 'ipv6'))

function listOf([range, what, source]: Row, family: Address['family']) {
  const list = new BlockList()
  const [net = '', bits = ''] = range.split('/')
  list.addSubnet(net, Number(bits), family)
  return { list, words: `${what} (${range}, ${source})` }
}

/** All eight of an IPv6 address in its shortest spelling. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.split('::')
  const [first, last] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')))
  const { length } = [...(first ?? []), ...(last ?? [])]
  return [...(first ?? []), ...Array.from({ length: 8 - length }, () => '0'), ...(last ?? [])]
}

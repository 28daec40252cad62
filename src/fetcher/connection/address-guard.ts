/**
 * The address guard: to which addresses a socket may be opened, whoever named the host. Asked when a name has been resolved, of what the
 * socket is then opened to, and once more when it is open (I3).
 *
 * Addresses on the public net are open to all hosts; others to those that `allowPrivate` lists, and to a host that the user typed. Such a
 * host has what its name was resolved to first: a name on the public net that later leads to this machine gains nothing by having been typed.
 */
import { BlockList, isIP } from 'node:net'
import { type Address, readAddress, specialRangeOf } from './special-ranges.ts'

/** A host is at addresses that no socket may be opened to. */
export class AddressBlocked extends Error {
  readonly code = 'ERR_ADDRESS_BLOCKED'
}

export class AddressGuard {
  /** A list for each family: one of IPv6 ranges would take IPv4 addresses for their mapped form. */
  readonly #allowed = { ipv4: new BlockList(), ipv6: new BlockList() }
  readonly #typed: ReadonlySet<string>
  /** What the names of typed hosts were resolved to first, if that was not on the public net. */
  readonly #own = new Map<string, ReadonlySet<string>>()
  /** Addresses that were judged before: each turn of a host asks again. */
  readonly #judged = new Map<string, Judgement>()

  /**
   * @param allowPrivate addresses and ranges (CIDR).
   * @param typedHosts as URLs have them.
   */
  constructor(allowPrivate: readonly string[], typedHosts: Iterable<string>) {
    for (const { net, bits, family } of allowPrivate.map(readRange).filter((range) => range !== undefined))
      this.#allowed[family].addSubnet(net, bits, family)
    this.#typed = new Set([...typedHosts].map(withoutBrackets))
  }

  /** Of what a host's name was resolved to, that to which a socket may be opened. A name that is on the public net, too, is used only there. */
  admit<Found extends { readonly address: string }>(host: string, found: readonly Found[]): readonly Found[] {
    const open = found.filter(({ address }) => this.#judge(address).range === undefined)
    if (this.#typed.has(host) && !this.#own.has(host) && found.length > 0)
      this.#own.set(host, open.length > 0 ? none : new Set(this.#meantBy(found)))
    return open.length > 0 ? open : found.filter(({ address }) => this.refusalOf(host, address) === undefined)
  }

  /** Why no socket may be opened to an address for a host, in words; `undefined` if one may. */
  refusalOf(host: string, address: string): string | undefined {
    const literal = withoutBrackets(host)
    const judged = this.#judge(openedFor.get(literal) === address ? literal : address)
    if (judged.range === undefined || this.#isOwn(literal, judged.address)) return undefined
    return isIP(literal) === 0 ? `${host} is at ${address}, ${judged.range}` : `${host} is ${judged.range}`
  }

  /** A name server that blocks a name gives the unspecified address for it; nobody means this machine by that. */
  #meantBy(found: readonly { readonly address: string }[]): readonly string[] {
    return found.map(({ address }) => this.#judge(address).address).filter((address) => !openedFor.has(address))
  }

  #isOwn(host: string, address: string): boolean {
    if (!this.#typed.has(host)) return false
    return isIP(host) === 0 ? this.#own.get(host)?.has(address) === true : this.#judge(host).address === address
  }

  #judge(text: string): Judgement {
    const known = this.#judged.get(text)
    if (known !== undefined) return known
    if (this.#judged.size >= maxJudged) this.#judged.clear()
    const read = readAddress(text)
    const judgement =
      read === undefined
        ? { address: text, range: 'no IP address' }
        : { address: read.address, range: this.#rangeOf(read) }
    this.#judged.set(text, judgement)
    return judgement
  }

  #rangeOf(read: Address): string | undefined {
    const { address, family, inner } = read
    const isAllowed =
      this.#allowed[family].check(address, family) || (inner !== undefined && this.#allowed.ipv4.check(inner, 'ipv4'))
    return isAllowed ? undefined : specialRangeOf(read)
  }
}

interface Judgement {
  /** One spelling for each. */
  readonly address: string
  /** What it is, if it is not open to all. */
  readonly range: string | undefined
}

const maxJudged = 10_000

/** What the system opens a socket to where the unspecified address is asked for: it takes it for this machine. */
const openedFor: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
  ['::ffff:0:0', '::ffff:127.0.0.1'],
])

const none: ReadonlySet<string> = new Set()

/** As a URL writes an IPv6 address, and as the rest of the world does. */
export const withoutBrackets = (host: string) => host.replace(/^\[|\]$/g, '')

/** `10.0.0.0/8`, `fd00::/8`, or a single address; `undefined` for anything else. */
export function readRange(
  text: string,
): { readonly net: string; readonly bits: number; readonly family: Address['family'] } | undefined {
  const [, net = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(net)
  const longest = version === 4 ? 32 : 128
  const bits = digits === undefined ? longest : Number(digits)
  return version === 0 || bits > longest ? undefined : { net, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** A proxy as a URL says it: `http://user:password@proxy.test:3128`. */

export interface ProxyAddress {
  /** How it is spoken to; SOCKS5 is RFC 1928. */
  readonly protocol: 'http:' | 'https:' | 'socks5:'
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  readonly user: string | undefined
  readonly password: string
}

/** As curl has it, `socks5h` says that names are resolved by the proxy; here they always are. */
const protocols: Readonly<Record<string, ProxyAddress['protocol']>> = {
  'http:': 'http:',
  'https:': 'https:',
  'socks5:': 'socks5:',
  'socks5h:': 'socks5:',
}

const defaultPorts: Readonly<Record<ProxyAddress['protocol'], number>> = { 'http:': 80, 'https:': 443, 'socks5:': 1080 }

/** `undefined` for what is no URL of a proxy. */
export function parseProxy(text: string): ProxyAddress | undefined {
  const url = URL.parse(text)
  const protocol = url === null ? undefined : protocols[url.protocol]
  if (url === null || protocol === undefined || url.hostname === '') return undefined
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') return undefined
  try {
    return {
      protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || defaultPorts[protocol],
      user: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    }
  } catch {
    // An escape that is none.
    return undefined
  }
}

/** Who a host name was registered by, as far as names tell (publicsuffix.org): `a.shop.test` and `b.shop.test` are one. */
import { getDomain } from 'tldts'

/** An address, or a name without a public suffix (`localhost`), is its own domain. */
export const registrableDomain = (host: string): string => getDomain(host, { allowPrivateDomains: true }) ?? host

/**
 * `Retry-After` (RFC 9110 section 10.2.3): how long a server asks to be left alone.
 *
 * Either delay-seconds (digits, nothing else) or an HTTP-date (RFC 9110 section 5.6.7). A date is read against the answer's own `Date`,
 * when it has one, because the two clocks may differ; a date in the past is 0. Anything else is no answer: `undefined`.
 */

export function parseRetryAfter(
  value: string | undefined,
  date: string | undefined,
  nowMs: number,
): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const until = parseHttpDate(text)
  if (until === undefined) return undefined
  return Math.max(0, until - (parseHttpDate(date?.trim() ?? '') ?? nowMs))
}

/** IMF-fixdate, and the obsolete RFC 850 and asctime forms that a recipient must accept. */
const httpDates = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

function parseHttpDate(text: string): number | undefined {
  const form = httpDates.findIndex((pattern) => pattern.test(text))
  if (form === -1) return undefined
  // asctime names no zone and means GMT.
  const at = Date.parse(form === 2 ? `${text} GMT` : text.replaceAll('-', ' '))
  return Number.isNaN(at) ? undefined : at
}

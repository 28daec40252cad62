/**
 * The dates that sitemaps and feeds give, as milliseconds since the epoch; `undefined` for whatever has another form. The built-in parser
 * takes too much (`"page 1"` is a date to it), and reads times without a zone in the zone of this machine.
 */

const w3c = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))?)?)?$/

/**
 * W3C date and time formats (NOTE-datetime): from `2024` to `2024-05-01T12:30:00.5+02:00`. A date without a time is where it begins, in UTC.
 */
export function parseW3cDate(text: string): number | undefined {
  const parts = w3c.exec(text)
  if (parts === null) return undefined
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = parts
  const milliseconds = Math.floor(Number(`0.${fraction || '0'}`) * 1000)
  return timeOf([year, month, day, hour, minute, second].map(Number), milliseconds, zone)
}

const rfc822 =
  /^(?:[A-Z][a-z]{2}, *)?(\d\d?) +([A-Z][a-z]{2}) +(\d{4}|\d\d) +(\d\d):(\d\d)(?::(\d\d))? +([+-]\d{4}|[A-Z]{1,3})$/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** RFC 822 section 5.1; the military letters but `Z` are left out, for RFC 1123 section 5.2.14 tells that they were given the wrong way round. */
const zones: Readonly<Record<string, string>> = {
  UT: 'Z',
  UTC: 'Z',
  GMT: 'Z',
  Z: 'Z',
  EST: '-05:00',
  EDT: '-04:00',
  CST: '-06:00',
  CDT: '-05:00',
  MST: '-07:00',
  MDT: '-06:00',
  PST: '-08:00',
  PDT: '-07:00',
}

/** The dates of RSS 2.0: RFC 822, with a year of two or four digits. */
export function parseRfc822Date(text: string): number | undefined {
  const parts = rfc822.exec(text)
  if (parts === null) return undefined
  const [, day, month = '', year = '', hour, minute, second = '00', zone = ''] = parts
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zones[zone]
  if (offset === undefined) return undefined
  return timeOf([fullYear(year), months.indexOf(month) + 1, day, hour, minute, second].map(Number), 0, offset)
}

/** RFC 5322 section 4.3. */
function fullYear(year: string): number {
  const number = Number(year)
  if (year.length === 4) return number
  return number < 50 ? 2000 + number : 1900 + number
}

/** `undefined` for a 13th month, a 30th of February, a 25th hour: a date that rolls over was none. */
function timeOf(fields: readonly number[], milliseconds: number, zone: string): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1) return undefined
  // A leap second is the one before it.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  date.setUTCHours(hour, minute, Math.min(second, 59), milliseconds)
  return date.getTime() - offsetOf(zone)
}

function offsetOf(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

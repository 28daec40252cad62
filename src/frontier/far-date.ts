/**
 * Whether a URL speaks of a day that is far ahead: a calendar has a link to the next month on every page, and no end.
 *
 * Only the future counts. What is long past may well be there (digitised newspapers, `/1890/05/12/`), and a calendar that is walked
 * backwards ends by its depth. Two years leave room for real announcements; no chain gets further, as it comes by every month.
 *
 * A number of four digits is an id more often than a year, so a year needs company. Without a calendar's word near it, it must stand with
 * a month of two digits (`/2031/05/`, `/2031-05-01`, `?x=2031-05`) and be no later than 2099: `/topic/2093/5` is page 5 of a topic. With
 * one, the year will do (`/calendar/2093`, `?year=2093`), or a month of one digit (`/events/2031/5/`). `archive` is no such word:
 * WordPress has `/archives/2093/2/`, the second page of post 2093. Nor is `from=2093`, which is an offset, without a month.
 */

/** How far ahead a month may be. */
const aheadMonths = 24
/** Months since year 0. A year alone counts as its January. */
type Month = number

/**
 * @param target the path and query of a URL.
 * @param now in milliseconds since the Unix epoch.
 */
export function isFarDate(target: string, now: number): boolean {
  if (!mayBeAhead(target, now)) return false
  const last = monthOf(new Date(now)) + aheadMonths
  const queryAt = target.indexOf('?')
  if (queryAt === -1) return isFarPath(target, last)
  const pairs = target.slice(queryAt + 1).split('&')
  return isFarPath(target.slice(0, queryAt), last) || pairs.some((pair) => isFarPair(pair, last))
}

/** Numbers as long as a year, a month, a day, or seconds since the Unix epoch are. */
const numbers = /(?<!\d)(?:\d{4}|\d{6}|\d{8}|\d{10})(?!\d)/
const allNumbers = new RegExp(numbers, 'g')
const msPerYear = 365.25 * 24 * 3_600_000

/** Nearly every URL ends here, as what follows is dear: it has no such number, or only past years. */
function mayBeAhead(target: string, now: number): boolean {
  if (!numbers.test(target)) return false
  const thisYear = 1970 + Math.floor(now / msPerYear)
  return (
    target.match(allNumbers)?.some((number) => number.length === 10 || Number(number.slice(0, 4)) > thisYear) === true
  )
}

const monthOf = (date: Date): Month => date.getUTCFullYear() * 12 + date.getUTCMonth()

const asMonth = (year: string | undefined, month = '1'): Month => Number(year) * 12 + Number(month) - 1

/** A year follows these at once, or after the name of a view: `/calendar/month/2093`. */
const calendars = new Set(
  'calendar cal kalender calendrier calendario event-calendar events-calendar eventcalendar year jahr'.split(' '),
)
const views = new Set('month week day date list'.split(' '))
/** After these, a month may have one digit, and a day stand without dashes. */
const dated = new Set(['month', 'week', 'day', 'date', 'events', ...calendars])
const lastBareYear = '2099'

const yearAlone = /^(\d{4})(?:-w?\d{1,2}){0,2}(?:\.\w+)?$/i
const plain = /^\d{4}$/
const compact = /^(\d{4})(0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)/
const dashed = /^(\d{4})-(0[1-9]|1[0-2])(?:-\d{2})?(?:\.\w+)?$/
const longMonth = /^(0[1-9]|1[0-2])(?:\.\w+)?$/
const anyMonth = /^(0?[1-9]|1[0-2])(?:\.\w+)?$/

function isFarPath(path: string, last: Month): boolean {
  const segments = path.split('/').filter((segment) => segment !== '')
  let isDated = false
  let isYearNext = false
  for (const [index, segment] of segments.entries()) {
    if (/^\d{4}/.test(segment)) {
      const month = monthInPath(segment, segments[index + 1] ?? '', isDated)
      if (isFar(month ?? (isYearNext ? yearOf(segment) : undefined), last)) return true
    }
    const word = segment.toLowerCase().replace(/\.\w+$/, '')
    isYearNext = calendars.has(word) || (isYearNext && views.has(word))
    isDated ||= dated.has(word)
  }
  return false
}

function monthInPath(segment: string, next: string, isDated: boolean): Month | undefined {
  const match = (isDated ? compact.exec(segment) : null) ?? dashed.exec(segment)
  const month = match?.[2] ?? (plain.test(segment) ? (isDated ? anyMonth : longMonth).exec(next)?.[1] : undefined)
  const year = segment.slice(0, 4)
  return month === undefined || year > lastBareYear ? undefined : asMonth(year, month)
}

/** With whatever follows: a week (`2031-w05`), a month of a year past 2099. */
function yearOf(segment: string): Month | undefined {
  const year = yearAlone.exec(segment)?.[1]
  return year === undefined ? undefined : asMonth(year)
}

const yearKeys = new Set('year yr jahr annee ano anno'.split(' '))
const monthKeys = new Set('date month monat mois mes'.split(' '))
const dateKeys = new Set([
  ...monthKeys,
  ...'datum day week year time calendar cal event events from to since until start end'.split(' '),
])
/** Not a day of a calendar but its end, as forms and catalogues write it. */
const noEnd = /^(?:2099|9999)-?12-?31/

function isFarPair(pair: string, last: Month): boolean {
  const at = pair.indexOf('=')
  const value = pair.slice(at + 1).replace(/%2F|[/.]/gi, '-')
  return at !== -1 && !noEnd.test(value) && isFar(monthInQuery(pair.slice(0, at), value), last)
}

function monthInQuery(key: string, value: string): Month | undefined {
  const words = wordsOf(key)
  const has = (keys: ReadonlySet<string>) => words.some((word) => keys.has(word))
  if (plain.test(value)) return has(yearKeys) ? asMonth(value) : undefined
  if (!has(dateKeys)) {
    const [, year, month] = dashed.exec(value) ?? []
    return year === undefined || year > lastBareYear ? undefined : asMonth(year, month)
  }
  // `2031-5-1`, `20310501`, `2031-05-01T10:00`; `203105` only where a month is asked for.
  const match =
    /^(\d{4})-(0?[1-9]|1[0-2])(?!\d)/.exec(value) ??
    compact.exec(value) ??
    (has(monthKeys) ? /^(\d{4})(0[1-9]|1[0-2])$/.exec(value) : null)
  if (match !== null) return asMonth(match[1], match[2])
  const dayFirst = /^\d{1,2}-\d{1,2}-(\d{4})$/.exec(value)
  if (dayFirst !== null) return asMonth(dayFirst[1])
  // Seconds since the Unix epoch, as Moodle's calendar has them.
  return /^\d{10}$/.test(value) ? monthOf(new Date(Number(value) * 1000)) : undefined
}

/** `tx_cal[startDate]` is about `tx`, `cal`, `start` and `date`. */
const wordsOf = (key: string) =>
  key
    .replace(/%5[BD]/gi, ' ')
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/)
    .map((word) => word.toLowerCase())

const isFar = (month: Month | undefined, last: Month) => month !== undefined && month > last

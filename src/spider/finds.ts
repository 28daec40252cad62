/**
 * Runs a parser and collects what it finds. Items and follows of a page count together or not at all: if the parser throws, the error is
 * thrown on, and nothing of the page is kept.
 *
 * Each item takes a place on its way to the reader before the parser is asked for more; that is how a slow reader slows a crawl.
 */
import type { JsonValue } from '../json.ts'
import type { PageRequest, Sending } from '../request.ts'
import { isFollow } from './follow.ts'
import { checkData, checkItem } from './item.ts'
import type { Page } from './page.ts'
import type { Spider } from './spider.ts'

export interface Finds {
  readonly items: readonly unknown[]
  readonly follows: readonly PageRequest[]
  /** Why items were refused, with their place. */
  readonly refusals: readonly string[]
}

export async function collectFinds(
  spider: Spider,
  request: PageRequest,
  page: Page,
  places: { take(): Promise<void> },
  maxFinds: number,
): Promise<Finds> {
  const items: unknown[] = []
  const follows: PageRequest[] = []
  const refusals: string[] = []
  const parser = spider.parsers.get(request.parser)
  if (parser === undefined) throw new Error(`spider "${spider.name}" has no parser of that name`)
  const found: unknown = await parser(page as Page<never, never>)
  if (!isIterable(found))
    throw new TypeError(`it returned ${shown(found)}, not a generator or a list of items and follows`)

  let finds = 0
  for await (const find of found) {
    if (++finds > maxFinds) throw new Error(`it found more than ${maxFinds} things (raise maxFindsPerPage)`)
    if (typeof find === 'object' && find !== null && isFollow(find)) {
      if (!spider.parsers.has(find.parser))
        throw new Error(`it follows a link to \`${find.parser}\`, and no parser is called that`)
      if (typeof find.priority !== 'number' || Number.isNaN(find.priority))
        throw new TypeError(`the priority of a follow is no number: ${String(find.priority)}`)
      const data = find.data === undefined ? undefined : checkData(find.data)
      if (data?.ok === false) throw new TypeError(`the data of a follow cannot be stored: ${data.message}`)
      // Checked when it was made; here it is freed from the page that its texts were cut from.
      const sending = find.sending === undefined ? undefined : checkData(find.sending)
      if (sending?.ok === false) throw new TypeError(`what a follow asks cannot be stored: ${sending.message}`)
      // `follow` has counted what is no crawlable link.
      if (!URL.canParse(find.url) || !/^https?:/.test(find.url)) continue
      follows.push({
        kind: 'page',
        url: find.url,
        parser: find.parser,
        priority: find.priority,
        depth: request.depth + 1,
        referrer: request.url,
        data: data?.value as JsonValue | undefined,
        attempt: 0,
        redirects: [],
        ...(sending === undefined ? undefined : { sending: sending.value as Sending }),
        ...(find.file === undefined ? undefined : { file: find.file }),
      })
      continue
    }
    const item = isPlainObject(find)
      ? checkItem(find)
      : { ok: false as const, message: `${shown(find)} is no item: yield a plain object` }
    if (!item.ok) {
      refusals.push(item.message)
      continue
    }
    await places.take()
    items.push(item.value)
  }
  return { items, follows, refusals }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
}

/** What a literal makes; a URL, a Date or a page is a slip. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  return Array.isArray(value) ? 'a list' : `a ${value.constructor.name}`
}

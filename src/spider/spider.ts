/**
 * What a spider is, and what TypeScript reads out of one: the items that its parsers yield, and whether every follow names a parser that
 * is there and brings the data which that parser asks for.
 */
import type { OptionInput } from '../options.ts'
import type { ArgumentsOf, ArgumentsSchema } from './arguments.ts'
import type { Follow } from './follow.ts'
import type { SendingOptions } from './form/sending.ts'
import type { Page } from './page.ts'
import type { Sitemaps, SitemapsSpec } from './sitemap/check-sitemaps.ts'

/** What a parser comes to: any way to say several things, now or later. */
export type Found<T> = AsyncIterable<T> | Iterable<T> | Promise<Iterable<T>>

/**
 * From a page to what was found on it: items (objects) and follows. A (sync or async) generator, or a function that returns a list.
 * Items and follows of a page count together: if the parser throws, none of them do.
 */
// `never` lets a parser ask for a page with data of its own; the follows to it are checked against that.
export type Parser = (page: never) => Found<object>

type Method<P> = { run(page: P): Found<object> }['run']

/** A URL, or one with more. */
export type Seed = string | SeedSpec

export type SeedSpec = {
  readonly url: string
  /** Default `parse`. */
  readonly parser?: string
  /** Arrives as `page.data`: plain JSON data. */
  readonly data?: unknown
  /** Higher goes first within a host. Default 0. */
  readonly priority?: number
} & SendingOptions

export interface SpiderSpec<Schema extends ArgumentsSchema = ArgumentsSchema> {
  /** What the command line calls it, and what its state is kept under: letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /** One line for `doff list`. */
  readonly description?: string
  /** A Standard Schema (zod, valibot, arktype, ...) of the `-a key=value` arguments. Left out, any are taken, as strings. */
  readonly args?: Schema
  /** Where the crawl starts: URLs, or objects that say what is asked of them, and which parser gets the page. */
  readonly seeds: readonly Seed[] | ((args: ArgumentsOf<Schema>) => readonly Seed[])
  /**
   * Sitemaps whose pages are crawled besides the seeds: `true` finds them by the robots.txt of the seeds (or else at /sitemap.xml), a list
   * names them, and an object says more: `urls`, `include` and `exclude` (patterns), `since` (a date), and the `parser` of their pages.
   */
  readonly sitemaps?: SitemapsSpec
  /** The spider's own settings; the command line, the environment and a profile override them. */
  readonly options?: OptionInput
  /** The parser of seeds, and of follows that name none. */
  // Method syntax is bivariant: a parser may ask for `Page<ItsData>`.
  readonly parse: Method<Page<unknown, ArgumentsOf<Schema>>>
  /** Further parsers by name. */
  readonly parsers?: Readonly<Record<string, Method<Page<unknown, ArgumentsOf<Schema>>>>>
}

/** A spider whose parsers yield items of type `Item`. */
export interface Spider<Item extends object = object> {
  readonly name: string
  readonly description: string | undefined
  readonly args: ArgumentsSchema | undefined
  readonly seeds: readonly Seed[] | ((args: never) => readonly Seed[])
  readonly sitemaps: Sitemaps | undefined
  readonly options: OptionInput
  readonly parsers: ReadonlyMap<string, (page: Page<never, never>) => Found<Item | Follow>>
}

/** The items of a spider: the union of what its parsers yield. */
export type ItemOf<S> = S extends Spider<infer Item> ? Item : never

/** What a parser yields, whichever way it says it. */
type Yielded<P> = P extends (...args: never) => infer R
  ? Awaited<R> extends AsyncIterable<infer Y> | Iterable<infer Y>
    ? Y
    : never
  : never

type ParsersOf<S> = (S extends { parse: infer P } ? { parse: P } : unknown) &
  (S extends { parsers: infer R } ? R : unknown)

type ItemsIn<Y> = Y extends Follow ? never : Y extends object ? Y : never

/** The items that a spec's parsers yield. */
export type SpecItems<S> = ItemsIn<{ [Name in keyof ParsersOf<S>]: Yielded<ParsersOf<S>[Name]> }[keyof ParsersOf<S>]>

type DataAskedBy<P> = P extends (page: infer G) => unknown
  ? G extends Page<infer Data, infer _Args>
    ? Data
    : unknown
  : unknown

/** `never` when all is well with a follow, else a sentence that says what is not. */
type FaultOf<F, Parsers> = 0 extends 1 & F ? never : FaultOfKnown<F, Parsers>

type FaultOfKnown<F, Parsers> =
  F extends Follow<infer Name, infer Data>
    ? Name extends keyof Parsers
      ? [Data] extends [DataAskedBy<Parsers[Name]>]
        ? never
        : `the parser "${Name}" asks for other data than this follow brings`
      : `no parser is called "${Name}"`
    : F extends readonly unknown[] | URL | Date | Page
      ? 'an item is a plain object, not a list, a URL, a Date or a page'
      : never

/** The parser that `sitemaps` names must be there. The sentence is for the field as a whole: of two texts the compiler makes `never`. */
type CheckedSitemaps<Sitemaps, Parsers> = Sitemaps extends { readonly parser: infer Name }
  ? Name extends keyof Parsers
    ? Sitemaps
    : `no parser is called "${Name & string}"`
  : Sitemaps

/** As of sitemaps: the parser that a seed names must be there, and its data what that parser asks for. Lists are told, functions as far as they say it. */
type CheckedSeeds<Seeds, Parsers> = [SeedFault<SeedsIn<Seeds>, Parsers>] extends [never]
  ? Seeds
  : SeedFault<SeedsIn<Seeds>, Parsers>

type SeedsIn<Seeds> = Seeds extends (...args: never) => readonly (infer One)[]
  ? One
  : Seeds extends readonly (infer One)[]
    ? One
    : never

type SeedFault<One, Parsers> = One extends { readonly url: string }
  ? One extends { readonly parser: infer Name extends string }
    ? string extends Name
      ? never
      : Name extends keyof Parsers
        ? SeedDataFault<One, Parsers, Name>
        : `no parser is called "${Name}"`
    : SeedDataFault<One, Parsers, 'parse' & keyof Parsers>
  : never

type SeedDataFault<One, Parsers, Name extends keyof Parsers> = [
  One extends { readonly data: infer Data } ? Data : undefined,
] extends [Frozen<DataAskedBy<Parsers[Name]>>]
  ? never
  : `the parser "${Name & string}" asks for other data than this seed brings`

/** A literal is inferred as readonly, all the way down. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

type CheckedParser<P, Parsers> = [FaultOf<Yielded<P>, Parsers>] extends [never] ? P : FaultOf<Yielded<P>, Parsers>

/** A spec with each parser that has a fault replaced by the sentence that tells it, so that the compiler says it. */
export type Checked<S> = {
  readonly [Key in keyof S]: Key extends 'parse'
    ? CheckedParser<S[Key], ParsersOf<S>>
    : Key extends 'parsers'
      ? { readonly [Name in keyof S[Key]]: CheckedParser<S[Key][Name], ParsersOf<S>> }
      : Key extends 'sitemaps'
        ? CheckedSitemaps<S[Key], ParsersOf<S>>
        : Key extends 'seeds'
          ? CheckedSeeds<S[Key], ParsersOf<S>>
          : Key extends keyof SpiderSpec
            ? S[Key]
            : `a spider has no field "${Key & string}"`
}

/** The public surface of doff. */
export { canonicalUrl } from './canonical-url.ts'
export { type Clock, systemClock } from './clock.ts'
export { defineConfig } from './config.ts'
export { type Crawl, type CrawlOptions, crawl } from './crawl.ts'
export type { PageDirectives } from './directives.ts'
export {
  ArgumentError,
  CacheFailedError,
  ContactError,
  CrawlChangedError,
  CrawlExistsError,
  CrawlInUseError,
  DoffError,
  type DoffErrorCode,
  FilesFailedError,
  OptionError,
  OutputError,
  OutputFailedError,
  SeedError,
  SpiderError,
  SpiderNotFoundError,
  StaleTurnError,
  StoreFailedError,
  StoreInUseError,
  StoreNotFoundError,
  StoreVersionError,
} from './errors.ts'
export type {
  CrawlEvent,
  DeferReason,
  DropReason,
  EndState,
  Observer,
  OfferResult,
  SkipReason,
  StopReason,
} from './events.ts'
export type { Lookup } from './fetcher/connection/names.ts'
export type { HostPace, RobotsCopy, RobotsRecord, RobotsRules } from './host.ts'
export type { JsonValue } from './json.ts'
export type { CrawlStats } from './observe/stats.ts'
export type { OptionInput, Options } from './options.ts'
export type { FailReason, Headers, Outcome, RetryReason } from './outcome.ts'
export { createPage, type ParsedPage, parsePage } from './parse-page.ts'
export { type ParsedRobots, parseRobots, type RobotsDecision } from './politeness/parse-robots.ts'
export type { CrawlRequest, Method, PageRequest, RobotsRequest, Sending, SitemapRequest } from './request.ts'
export type { ArgumentsSchema, StandardSchema } from './spider/arguments.ts'
export { defineSpider } from './spider/define-spider.ts'
export type { PageKind } from './spider/document/page-kind.ts'
export { PageKindError } from './spider/document/page-kind-error.ts'
export type { Extracted, Selector, SelectorMap } from './spider/extract.ts'
export type { DownloadOptions, Follow, FollowOptions, FollowTarget } from './spider/follow.ts'
export type { FormOptions, FormRequest, FormValues } from './spider/form/form.ts'
export type { FilePart } from './spider/form/multipart.ts'
export type { FormFields, RequestSpec, SendingOptions } from './spider/form/sending.ts'
export { type DownloadedFile, Page, type PageSource } from './spider/page.ts'
export type { SitemapsFields, SitemapsSpec } from './spider/sitemap/check-sitemaps.ts'
export type { ItemOf, Seed, SeedSpec, Spider, SpiderSpec } from './spider/spider.ts'

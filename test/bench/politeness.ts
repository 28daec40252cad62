/**
 * Many hosts side by side, as the access log of a server in another process shows it: gaps, requests at once, and how near the crawl comes
 * to the ideal, in which every host gets a request each `delayMs`.
 *
 *     node test/bench/politeness.ts [hosts] [pages] [delayMs] [runs]
 *
 * The start is told apart: code that is not compiled yet, and hosts that get their first requests one after the other.
 */
import { crawl } from '../../src/index.ts'
import { audit } from '../sites/audit.ts'
import { pagesSpider } from '../sites/spiders.ts'
import { openWebApart } from '../sites/web-apart.ts'

const [hosts = 200, pages = 20, delayMs = 250, runs = 3] = process.argv.slice(2).map(Number)

for (let run = 0; run < runs; run += 1) {
  await using web = await openWebApart({ hosts, pages, robots: 'User-agent: *\nDisallow: /private\n' })
  const cpu = process.cpuUsage()
  let items = 0
  for await (const _ of crawl(pagesSpider(web.urls), { delayMs })) items += 1
  const { user, system } = process.cpuUsage(cpu)
  const log = await web.readLog()
  const audits = audit(log)
  const times = log.map(({ at }) => at)
  const begunAt = Math.max(
    ...Map.groupBy(log, ({ host }) => host)
      .values()
      .map((lines) => lines[0]?.at ?? 0),
  )
  const [firstAt, lastAt] = [Math.min(...times), Math.max(...times)]
  const idealMs = pages * delayMs
  console.log({
    items,
    gapsUnderTheDelay: audits.filter(({ leastGapMs }) => leastGapMs < delayMs).length,
    leastGapMs: Math.round(Math.min(...audits.map(({ leastGapMs }) => leastGapMs))),
    mostAtOnce: Math.max(...audits.map(({ mostAtOnce }) => mostAtOnce)),
    robotsFirst: audits.filter(({ firstPath }) => firstPath === '/robots.txt').length,
    ofTheIdeal: rounded((lastAt - firstAt) / idealMs),
    ofTheIdealOnceAllHadBegun: rounded((lastAt - begunAt) / idealMs),
    cpuMsPerPage: rounded((user + system) / 1000 / items),
  })
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

/**
 * `npm run soak:kill`: crawls with the command line, kills it with SIGKILL at random instants, resumes until it finishes, and compares
 * what it wrote with an uninterrupted crawl: the same items, none lost, none twice, every line whole.
 *
 *     npm run soak:kill -- [kills=200] [pages=3000] [seed=1] [kills of one crawl=1]
 */
import { openKillSite, runKilledCrawl } from './killed-crawl.ts'

const [kills = 200, pages = 3_000, seed = 1, killsOfOne = 1] = process.argv.slice(2).map(Number)
await using site = await openKillSite(pages)
const uninterrupted = await runKilledCrawl(site, { outputs: ['-o out.jsonl'], kills: 0, seed, longestMs: 0 })
process.stdout.write(
  `uninterrupted: ${uninterrupted.items.length} items in ${(uninterrupted.elapsedMs / 1000).toFixed(1)} s\n`,
)
const outputs = [['-o out.jsonl'], ['-O out.jsonl'], ['-o out.jsonl.gz'], ['-o out.csv', '-o out.jsonl']]
let done = 0
let crawls = 0
let failures = 0
for (let turn = 0; done < kills; turn += 1) {
  const crawl = await runKilledCrawl(site, {
    outputs: outputs[turn % outputs.length] ?? [],
    kills: Math.min(killsOfOne, kills - done),
    seed: seed + turn,
    longestMs: uninterrupted.elapsedMs,
  })
  done += crawl.killedAfterMs.length
  crawls += 1
  const isSame =
    JSON.stringify(crawl.items.toSorted()) === JSON.stringify(uninterrupted.items.toSorted()) &&
    JSON.stringify(crawl.counts) === JSON.stringify(uninterrupted.counts)
  if (!isSame || crawl.faults.length > 0) failures += 1
  process.stdout.write(
    `${isSame ? 'same' : 'DIFFERENT'}  ${outputs[turn % outputs.length]?.join(' ')}  killed after ${crawl.killedAfterMs.map((ms) => `${ms} ms`).join(', ')}; ` +
      `${crawl.requests} requests for ${uninterrupted.requests}${crawl.faults.map((fault) => `\n  ${fault}`).join('')}\n`,
  )
}
process.stdout.write(
  `${done} kills in ${crawls} crawls of ${pages} pages: ${crawls - failures} of ${crawls} the same\n`,
)
process.exitCode = failures === 0 ? 0 : 1

/** Spiders for the made-up web. */
import { defineSpider } from '../../src/index.ts'

/** Follows every link, and yields one item a page. */
export function pagesSpider(seeds: readonly string[]) {
  return defineSpider({
    name: 'pages',
    seeds,
    *parse(page) {
      yield { url: page.url.href, title: page.$('h1').text() }
      for (const url of page.links()) yield page.follow(url)
    },
  })
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** A tree of HTML documentation, for example Debian's python3.11-doc served on this machine: `-a site=http://127.0.0.1:8000/`. */
import { defineSpider } from 'doff'

export default defineSpider({
  name: 'docs',
  description: 'Title, headings, words and links of every page of a documentation site (-a site=URL)',
  seeds: ({ site }) => (site === undefined ? [] : [site]),
  options: { maxDepth: 100 },

  *parse(page) {
    const links = page.links()
    const { title, headings } = page.extract({ title: 'title', headings: ['h1, h2, h3'] })
    const words = page.$('body').text().match(/\S+/g)?.length ?? 0
    yield { url: page.url.href, title, headings, words, links: links.length }
    for (const url of links) if (!/\.(png|svg|jpe?g|gif|txt|zip|py|diff|json|pdf)$/.test(url)) yield page.follow(url)
  },
})

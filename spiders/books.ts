/** The books of a bookshop: https://books.toscrape.com, a sandbox made for practising, or a copy of it (`-a site=http://127.0.0.1:8080/`). */
import { defineSpider } from 'doff'

const ratings = ['One', 'Two', 'Three', 'Four', 'Five']

export default defineSpider({
  name: 'books',
  description: 'Title, price and stock of every book of books.toscrape.com',
  seeds: (args) => [args.site ?? 'https://books.toscrape.com/'],

  async *parse(page) {
    for (const url of page.links('article.product_pod h3 a')) yield page.follow(url, 'book')
    for (const url of page.links('li.next a')) yield page.follow(url)
  },

  parsers: {
    async *book(page) {
      const facts = page.extract({
        title: 'h1',
        price: '.product_main .price_color',
        category: '.breadcrumb li:nth-last-child(2) a',
        upc: 'th:contains("UPC") + td',
        cover: '#product_gallery img@src',
      })
      yield {
        url: page.url.href,
        ...facts,
        price: Number(facts.price?.replace(/[^\d.]/g, '')),
        rating: ratings.indexOf(page.$('.product_main .star-rating').attr('class')?.split(' ')[1] ?? '') + 1,
        inStock: Number(/\d+/.exec(page.$('.product_main .availability').text())?.[0] ?? 0),
      }
    },
  },
})

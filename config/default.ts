/** Options of every crawl in this folder; a spider, a profile, the environment and the command line override them. See the README. */
import { defineConfig } from 'doff'

export default defineConfig({
  // Site owners must be able to reach you. Without a contact, only this machine can be crawled.
  // contact: 'you@example.org',
  delayMs: 1_000,
})

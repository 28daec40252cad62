/**
 * Standard error as log and progress line share it: the progress line is always the last one on the screen, and a log line is written
 * above it.
 */
import { clearLine, cursorTo } from 'node:readline'

export class Terminal {
  readonly #stream: NodeJS.WriteStream
  #line = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    // Nobody may be there to read it (`2>&-`, a closed terminal), and that is no reason to end a crawl.
    stream.on('error', () => undefined)
  }

  get isInteractive(): boolean {
    return this.#stream.isTTY === true
  }

  /** Whole lines. */
  write(text: string): void {
    this.#clear()
    this.#stream.write(text)
    if (this.#line !== '') this.#stream.write(this.#line)
  }

  /** Replaces the progress line; an empty one takes it away. */
  show(line: string): void {
    this.#clear()
    // A line that wraps could not be cleared.
    this.#line = line.slice(0, Math.max(0, (this.#stream.columns ?? 80) - 1))
    this.#stream.write(this.#line)
  }

  #clear(): void {
    if (this.#line === '') return
    cursorTo(this.#stream, 0)
    clearLine(this.#stream, 0)
  }
}

/** What a command answers, on standard output. What came from a site, or out of a file, cannot steer a terminal: control characters are shown. */

/** Lines for a person. */
export function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${visible(line)}\n`).join(''))
}

export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split('\n')
  print(lines)
}

/** Also those that turn the direction of writing; written as in JSON, so that JSON stays the same. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** With its number: `1 host`, `1,200 hosts`. */
export const counted = (number: number, noun: string) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`

export const count = (number: number) => number.toLocaleString('en-US')

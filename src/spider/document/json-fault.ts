/**
 * Where a text stops being JSON (RFC 8259): the index of the first character that cannot stand where it stands, or the length of the text
 * if it ends too soon. It goes through the text once, and no deeper than JSON does: what is open is kept in a list.
 */
export function jsonFaultAt(json: string): number | undefined {
  /** What would close what is open, innermost last. */
  const closers: string[] = []
  let wanted: 'value' | 'name' | 'colon' | 'more' = 'value'
  /** Right after an opening bracket. */
  let mayClose = false
  let at = 0
  for (;;) {
    at = afterAll(json, at, ' \t\r\n')
    const character = json[at]
    if (character === undefined) return wanted === 'more' && closers.length === 0 ? undefined : at
    if ((wanted === 'more' || mayClose) && character === closers.at(-1)) {
      closers.pop()
      wanted = 'more'
      mayClose = false
      at += 1
    } else if (wanted === 'more') {
      if (character !== ',' || closers.length === 0) return at
      wanted = closers.at(-1) === '}' ? 'name' : 'value'
      at += 1
    } else if (wanted === 'colon') {
      if (character !== ':') return at
      wanted = 'value'
      at += 1
    } else if (wanted === 'value' && (character === '{' || character === '[')) {
      closers.push(character === '{' ? '}' : ']')
      wanted = character === '{' ? 'name' : 'value'
      mayClose = true
      at += 1
    } else {
      if (wanted === 'name' && character !== '"') return at
      const token = character === '"' ? stringAt(json, at) : scalarAt(json, at)
      if (!token.isWhole) return token.end
      wanted = wanted === 'name' ? 'colon' : 'more'
      mayClose = false
      at = token.end
    }
  }
}

interface Token {
  /** After it, or where it is broken. */
  readonly end: number
  readonly isWhole: boolean
}

const whole = (end: number): Token => ({ end, isWhole: true })
const broken = (end: number): Token => ({ end, isWhole: false })

function stringAt(json: string, start: number): Token {
  for (let at = start + 1; ; at += 1) {
    const character = json[at]
    if (character === undefined || character < ' ') return broken(at)
    if (character === '"') return whole(at + 1)
    if (character !== '\\') continue
    at += 1
    if (json[at] === 'u') {
      const wrong = [1, 2, 3, 4].find((offset) => !oneOf(`${digits}abcdefABCDEF`, json[at + offset]))
      if (wrong !== undefined) return broken(at + wrong)
      at += 4
    } else if (!oneOf('"\\/bfnrt', json[at])) return broken(at)
  }
}

const digits = '0123456789'

function scalarAt(json: string, start: number): Token {
  const word = ['true', 'false', 'null'].find((literal) => literal[0] === json[start])
  if (word !== undefined) {
    let end = start
    while (end < start + word.length && json[end] === word[end - start]) end += 1
    return end === start + word.length ? whole(end) : broken(end)
  }
  let at = json[start] === '-' ? start + 1 : start
  if (!oneOf(digits, json[at])) return broken(at)
  at = json[at] === '0' ? at + 1 : afterAll(json, at, digits)
  if (json[at] === '.') {
    if (!oneOf(digits, json[at + 1])) return broken(at + 1)
    at = afterAll(json, at + 1, digits)
  }
  if (!oneOf('eE', json[at])) return whole(at)
  at += oneOf('+-', json[at + 1]) ? 2 : 1
  return oneOf(digits, json[at]) ? whole(afterAll(json, at, digits)) : broken(at)
}

const oneOf = (characters: string, character: string | undefined) =>
  character !== undefined && characters.includes(character)

function afterAll(text: string, start: number, characters: string): number {
  let at = start
  while (oneOf(characters, text[at])) at += 1
  return at
}

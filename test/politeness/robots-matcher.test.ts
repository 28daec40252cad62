import { describe, expect, it } from 'vitest'
import type { RobotsRule } from '../../src/host.ts'
import { RobotsMatcher } from '../../src/politeness/robots-matcher.ts'
import { matchesPattern } from '../../src/politeness/robots-pattern.ts'

const rulesOf = (...texts: string[]): RobotsRule[] =>
  texts.map((text, index) => ({ allow: text.startsWith('+'), pattern: text.slice(1), line: index + 1 }))

const filler = Array.from({ length: 100 }, (_, index) => `-/filler-${index}`)

describe.each([
  ['a few rules', [] as string[]],
  ['many rules', filler],
])('%s', (_many, others) => {
  const decides = (path: string, ...texts: string[]) => {
    const rule = new RobotsMatcher(rulesOf(...texts, ...others)).ruleFor(path)
    return rule === undefined ? undefined : `${rule.line} ${rule.allow ? '+' : '-'}${rule.pattern}`
  }

  it('the longest that matches decides', () => {
    expect(decides('/a/b', '-/', '+/a', '-/a/b/c', '-/a/')).toBe('4 -/a/')
  })

  it('of the same length an Allow decides, and else the first', () => {
    expect(decides('/ab', '-/a*', '+/*b', '-/ab')).toBe('2 +/*b')
    expect(decides('/ab', '-/a*', '-/*b', '-/ab')).toBe('1 -/a*')
  })

  it('without a match none does', () => {
    expect(decides('/x', '-/a', '+/b$', '-/*c')).toBeUndefined()
  })

  it('many asterisks do not change that', () => {
    const stars = '*'.repeat(16_000)
    expect(decides('/a', `-/${stars}`, `+/a${stars}`, '-/a')).toBe(`2 +/a${stars}`)
    expect(decides('/a', `+/${stars}`, `-/a${stars}`, '+/a')).toBe(`2 -/a${stars}`)
    expect(decides('/a', `-/a${stars}`, `+/${stars}*`)).toBe(`2 +/${stars}*`)
  })
})

it('A7: answers that were dear are kept, up to a bound, and are the same again', () => {
  // All are tried for every path, and none matches but the last.
  const same = Array.from({ length: 500 }, (_, index) => `-/*ab*ba*${'*'.repeat(index)}x$`)
  const matcher = new RobotsMatcher(rulesOf(...same, '-/'))
  const paths = Array.from({ length: 600 }, (_, index) => `/ab/ba/x/${index}`)
  for (const path of [...paths, ...paths.toReversed()]) expect(matcher.ruleFor(path)?.line).toBe(501)
})

describe('RFC 9309 section 2.2.3: a pattern', () => {
  it.each<[pattern: string, path: string, matches: boolean]>([
    ['', '/x', true],
    ['/x', '/x/y', true],
    ['/x', '/y/x', false],
    ['/x$', '/x', true],
    ['/x$', '/x/', false],
    ['$', '/', false],
    ['*', '/', true],
    ['*$', '/x', true],
    ['/*$', '/', true],
    ['/a*a$', '/a', false],
    ['/a*a$', '/aa', true],
    ['/ab*ba$', '/aba', false],
    ['/*ab*ab$', '/abab', true],
    ['/*ab*ab$', '/ab', false],
    ['/*a*b*c', '/xcbabc', true],
    ['/*a*b*c', '/cba', false],
    ['/a**b', '/ab', true],
    ['/*x$', '/xyx', true],
    ['/*x$', '/xy', false],
  ])('%s on %s: %s', (pattern, path, matches) => expect(matchesPattern(pattern, path)).toBe(matches))
})

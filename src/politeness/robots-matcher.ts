/**
 * Which rule decides on a URL (RFC 9309 section 2.2.2): the longest one that matches, and an Allow before a Disallow of the same length.
 *
 * robots-parser has the last word. Measured on 3.0.1: it takes time for each rule, times its asterisks, times the path, at every question
 * (1.3 s for 8,000 rules with asterisks and a URL of 2 kB), and stores rules times agents. So it is only asked about the two rules that can
 * win, the longest Allow and the longest Disallow that match; an index finds those few that could, and an exact search those that do.
 */
import module from 'robots-parser'
import type { RobotsRule, RobotsRules } from '../host.ts'
import { PatternIndex } from './robots-index.ts'
import { canonicalPath } from './robots-octets.ts'
import { matchesPattern } from './robots-pattern.ts'

// The types say `export default`, the package is CommonJS (fixed upstream after 3.0.1).
const robotsParser = module as unknown as typeof module.default

/** Kept for as long as the rules are, and made when they are first asked about. */
const matchers = new WeakMap<RobotsRules, RobotsMatcher>()

/** The rule that decides on a (canonical) URL of the rules' origin; without one it is allowed. */
export function decidingRule(rules: RobotsRules, url: string): RobotsRule | undefined {
  const parsed = new URL(url)
  // RFC 9309 section 2.2.2: "The /robots.txt URI is implicitly allowed."
  if (rules.rules.length === 0 || parsed.pathname === '/robots.txt') return undefined
  let matcher = matchers.get(rules)
  if (matcher === undefined) {
    matcher = new RobotsMatcher(rules.rules)
    matchers.set(rules, matcher)
  }
  return matcher.ruleFor(canonicalPath(parsed))
}

/** The rule as it reads in the file. */
export function ruleText({ allow, pattern, written }: RobotsRule): string {
  return `${allow ? 'Allow' : 'Disallow'}: ${written ?? pattern}`
}

/** Up to so many rules are looked at one by one, which takes less time than to look up the grams of a path. */
const fewRules = 32
/** A question is dear when more rules than this were tried for it. Its answer is kept, and so many of those. */
const manyTries = 64
const maxAnswers = 256
/** Asterisks times octets of the path, beyond which robots-parser's time would be felt. */
const maxSteps = 20_000

export class RobotsMatcher {
  /** The longest first, so that the first that matches is the longest that does. */
  readonly #rules: readonly RobotsRule[]
  /** Theirs, with one asterisk for a run of them: it matches the same, and thousands take no longer than one. */
  readonly #patterns: readonly string[]
  readonly #index: PatternIndex | undefined
  readonly #answers = new Map<string, RobotsRule | undefined>()

  constructor(rules: readonly RobotsRule[]) {
    this.#rules = rules.toSorted((a, b) => b.pattern.length - a.pattern.length || a.line - b.line)
    this.#patterns = this.#rules.map(({ pattern }) => pattern.replace(/\*{2,}/g, '*'))
    if (rules.length > fewRules) this.#index = new PatternIndex(this.#patterns)
  }

  ruleFor(path: string): RobotsRule | undefined {
    if (this.#answers.has(path)) return this.#renewed(path)
    const { winners, tries } = this.#winners(path)
    const rule = lastWord(winners, path)
    if (tries > manyTries) this.#keep(path, rule)
    return rule
  }

  /** The longest Allow and the longest Disallow that match. */
  #winners(path: string): { winners: readonly RobotsRule[]; tries: number } {
    const candidates = this.#index?.candidates(path) ?? this.#rules.keys()
    let allow: RobotsRule | undefined
    let disallow: RobotsRule | undefined
    let tries = 0
    for (const number of candidates) {
      const rule = this.#rules[number]
      if (rule === undefined || (rule.allow ? allow : disallow) !== undefined) continue
      tries += 1
      if (!matchesPattern(this.#patterns[number] ?? '', path)) continue
      if (rule.allow) allow = rule
      else disallow = rule
      if (allow !== undefined && disallow !== undefined) break
    }
    return { winners: [allow, disallow].filter((rule) => rule !== undefined), tries }
  }

  /** The answer, which is now the one that was used last. */
  #renewed(path: string): RobotsRule | undefined {
    const rule = this.#answers.get(path)
    this.#answers.delete(path)
    this.#answers.set(path, rule)
    return rule
  }

  #keep(path: string, rule: RobotsRule | undefined): void {
    const [oldest] = this.#answers.keys()
    if (this.#answers.size >= maxAnswers && oldest !== undefined) this.#answers.delete(oldest)
    this.#answers.set(path, rule)
  }
}

/** Of no site: what is judged is a path. */
const anywhere = 'http://robots.invalid'

function lastWord(winners: readonly RobotsRule[], path: string): RobotsRule | undefined {
  const [first] = winners
  if (first === undefined) return undefined
  // It could only say what is known: both match, so the longer one wins. An Allow is the first.
  if (winners.some(({ pattern }) => asterisksIn(pattern) * path.length > maxSteps))
    return winners.reduce((best, rule) => (rule.pattern.length > best.pattern.length ? rule : best))
  const lines = winners.map(({ allow, pattern }) => `${allow ? 'Allow' : 'Disallow'}: ${pattern}`)
  const parser = robotsParser(`${anywhere}/robots.txt`, ['User-agent: *', ...lines].join('\n'))
  const rule = winners[parser.getMatchingLineNumber(anywhere + path) - 2]
  if (rule === undefined) throw new Error(`robots-parser does not find ${lines.join(' or ')} in ${path}`)
  return rule
}

function asterisksIn(pattern: string): number {
  let count = 0
  for (let at = pattern.indexOf('*'); at !== -1; at = pattern.indexOf('*', at + 1)) count += 1
  return count
}

/** The way to write a configuration: `config/default.ts`, and a file beside it for each profile. */
import { checkOptions, type OptionInput } from './options.ts'

/**
 * Checks options and gives them back, typed.
 * @throws OptionError naming the option, what it may be and what it is.
 * @example export default defineConfig({ contact: 'crawler@example.org', delayMs: 2_000 })
 */
export function defineConfig(options: OptionInput): OptionInput {
  return Object.freeze(checkOptions(options))
}

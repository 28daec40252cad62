/**
 * Spider arguments: `-a key=value` on the command line, `args` in the library. Checked by the spider's own Standard Schema, if it has one.
 */
import { ArgumentError } from '../errors.ts'

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }

export type ArgumentsSchema = StandardSchema<unknown, unknown>

/** What a schema gives; without one, strings by name. */
export type ArgumentsOf<Schema> = [ArgumentsSchema] extends [Schema]
  ? Readonly<Record<string, string | undefined>>
  : Schema extends StandardSchema<unknown, infer Output>
    ? Output
    : never

/** @throws ArgumentError naming the argument and what is wrong with it. */
export function checkArguments(spider: string, schema: ArgumentsSchema | undefined, given: unknown): unknown {
  if (schema === undefined) return given ?? {}
  const result = schema['~standard'].validate(given ?? {})
  if (result instanceof Promise)
    throw new ArgumentError(`The arguments of spider "${spider}" need an async schema; use a sync one`)
  if (result.issues === undefined) return result.value
  const faults = result.issues.map(({ path, message }) => `${path?.map(pathStep).join('.') ?? ''}: ${message}`)
  throw new ArgumentError(`Wrong arguments for spider "${spider}": ${faults.join('; ')} (give them as -a name=value)`)
}

/** A path step is a key, or an object that holds one. */
function pathStep(step: unknown): string {
  return String(typeof step === 'object' && step !== null && 'key' in step ? step.key : step)
}

import type { CompiledQuery } from "kysely"

import { literalsOf, looksAt } from "./source-text.ts"
import { Stand } from "./stand-ins.ts"

/** Where in a call's parameters a value is found; or the value itself, which is the same in every call. */
type Slot = { readonly path: readonly (number | string)[] } | { readonly constant: unknown }

/** A compiled query whose parameters are still to be filled in. */
export interface Template {
  readonly compiled: CompiledQuery
  readonly slots: readonly Slot[]
}

/**
 * Compiles with stand-ins in the place of the values, and sees where they have gone. Undefined if the text may depend on more than
 * what `shapeOf` says of the parameters: then it cannot be known what it would be for others.
 *
 * - a stand-in was looked at: computed with, formatted, asked for a property
 * - one is nowhere among the parameters: it has decided something, or was left out
 * - among the parameters is a value that neither a caller gave nor the builder's source has: it may be another one next time
 * - the builder's source compares strictly, which is what no stand-in can notice
 */
export function templateOf(
  build: (...given: never) => unknown,
  parameters: readonly unknown[],
  compile: (parameters: readonly unknown[]) => CompiledQuery,
): Template | undefined {
  const source = Function.prototype.toString.call(build)
  if (looksAt(source)) return undefined
  const stand = new Stand()
  let compiled: CompiledQuery
  try {
    const standing = parameters.map((parameter, index) => stand.inFor(parameter, [index]))
    compiled = compile(standing)
  } catch {
    // As it may, on what it does not expect; with true values it will say what is wrong.
    return undefined
  }
  if (stand.touched) return undefined
  const written = literalsOf(source)
  const slots: Slot[] = []
  for (const parameter of compiled.parameters) {
    const path = stand.find(parameter)
    if (path !== undefined) slots.push({ path })
    else if (stand.kept.has(parameter) || written.has(parameter)) slots.push({ constant: parameter })
    else return undefined
  }
  return stand.allFound ? { compiled, slots } : undefined
}

export function fill({ compiled, slots }: Template, parameters: readonly unknown[]): CompiledQuery {
  const { query, queryId, sql } = compiled
  return { query, queryId, sql, parameters: slots.map((slot) => valueAt(slot, parameters)) }
}

function valueAt(slot: Slot, parameters: readonly unknown[]): unknown {
  if ("constant" in slot) return slot.constant
  let value: unknown = parameters
  for (const step of slot.path) value = Reflect.get(Object(value), step)
  return value
}

/** Is what was filled in what a true compilation gives? */
export function agree(filled: CompiledQuery, compiled: CompiledQuery): boolean {
  return (
    filled.sql === compiled.sql &&
    filled.parameters.length === compiled.parameters.length &&
    filled.parameters.every((value, index) => Object.is(value, compiled.parameters[index]))
  )
}

import { types } from "node:util"

import { prepareValue } from "./internals.ts"

/** Bind carries the number of parameters as an unsigned 16-bit integer (PostgreSQL manual, 54.7, Bind). */
export const PARAMETERS_MAX = 65_535

/** PostgreSQL refuses a message that does not fit MaxAllocSize (src/include/utils/memutils.h): 1 GB less one byte. */
const MESSAGE_BYTES_MAX = 0x3fffffff

export type Refusal = { readonly refused: string; readonly cause?: unknown }

/** Parameters in the form they travel in, or why they cannot; nothing has been sent then. Never throws, whatever they do. */
export function prepareParameters(parameters: readonly unknown[]): readonly (string | Buffer | null)[] | Refusal {
  try {
    return prepareAll(parameters)
  } catch (cause) {
    return { refused: "The parameters cannot be read: their array, or one of them, threw when it was looked at", cause }
  }
}

function prepareAll(parameters: readonly unknown[]): readonly (string | Buffer | null)[] | Refusal {
  if (parameters.length > PARAMETERS_MAX) {
    return {
      refused:
        `${parameters.length} parameters in one statement; the protocol carries at most ${PARAMETERS_MAX}. ` +
        "Split the statement, or pass the values as arrays: insert into … select * from unnest($1::int[], $2::text[])",
    }
  }
  // oxlint-disable-next-line unicorn/no-new-array -- of exactly its length: one that is pushed to takes room for more, and many may wait in line
  const prepared = new Array<string | Buffer | null>(parameters.length)
  let bytes = 0
  for (let index = 0; index < prepared.length; index += 1) {
    const value = prepareOne(parameters[index], index + 1)
    if (value !== null && typeof value === "object" && "refused" in value) return value
    if (value !== null) bytes += value.length
    prepared[index] = value
  }
  if (bytes > MESSAGE_BYTES_MAX) {
    return {
      refused: `The parameters take ${bytes} bytes or more; PostgreSQL accepts at most ${MESSAGE_BYTES_MAX} in one message. Send them in parts`,
    }
  }
  return prepared
}

/** Why this text cannot be sent as SQL, if it cannot. */
export function refuseText(sql: string): Refusal | undefined {
  const why = unsendable(sql)
  return why === undefined ? undefined : { refused: `The SQL text contains ${why}` }
}

function prepareOne(parameter: unknown, position: number): string | Buffer | null | Refusal {
  if (types.isDate(parameter) && Number.isNaN(parameter.getTime())) {
    return { refused: `Parameter $${position} is an invalid Date. Pass a valid one, or null` }
  }
  // `pg` would send its source code, or its description.
  if (typeof parameter === "function" || typeof parameter === "symbol") {
    return { refused: `Parameter $${position} is a ${typeof parameter}, which has no form in SQL` }
  }
  let value: string | Buffer | null
  try {
    value = prepareValue(parameter)
  } catch (cause) {
    if (isOfBigint(cause)) {
      const how = "Make it a text or a number first, and mind that a number above 2^53 loses digits"
      return {
        refused: `Parameter $${position} cannot be serialised: it holds a bigint, for which JSON has no form. ${how}`,
      }
    }
    return { refused: `Parameter $${position} cannot be serialised: ${reason(cause)}`, cause }
  }
  // What JSON.stringify answers when toJSON gives nothing.
  if (value === undefined) {
    return { refused: `Parameter $${position} cannot be serialised: its toJSON gives undefined. Pass null instead` }
  }
  if (typeof value !== "string") return value
  const why = unsendable(value)
  return why === undefined ? value : { refused: `Parameter $${position} contains ${why}` }
}

function unsendable(text: string): string | undefined {
  if (text.includes("\0"))
    return "a NUL character (U+0000), which PostgreSQL's text cannot hold. Remove it, or store the value as bytea"
  if (!text.isWellFormed()) {
    return "a lone surrogate, which UTF-8 cannot carry and would be stored as U+FFFD. Repair the text with toWellFormed(), or reject it"
  }
  return undefined
}

/** What JSON.stringify throws at one. */
function isOfBigint(cause: unknown): boolean {
  try {
    return cause instanceof TypeError && cause.message.includes("BigInt")
  } catch {
    return false
  }
}

function reason(cause: unknown): string {
  try {
    if (cause instanceof TypeError) return cause.message
  } catch {
    // What it threw does not like to be looked at either.
  }
  return "its own conversion (toJSON, toPostgres or toString) threw"
}

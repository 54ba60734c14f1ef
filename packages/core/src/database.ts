import {
  createEngine,
  OptionsError,
  systemClock,
  type Clock,
  type Decoding,
  type DriverOptions,
  type Engine,
  type Observer,
  type OptionsProblem,
  type Random,
} from "@kysely-resilient/driver"

import { Audience } from "./foundation/audience.ts"
import { promised } from "./foundation/promised.ts"
import { readDatabaseOptions, type DatabaseOptions, type ResolvedDatabaseOptions } from "./options.ts"
import type { Database } from "./query/session.ts"
import { ResilientDatabase } from "./resilient-database.ts"
import type { Schema } from "./schema/define-schema.ts"
import { rememberSchema } from "./schema-of.ts"
import { scopeTags } from "./scope/work-scope.ts"

/**
 * A database to query. It never connects by itself: the first operation does, or `ready()`. Throws one `OptionsError` for
 * options that are unknown, wrong or contradictory, and nothing else; a database that nobody has named
 * (`DATABASE_URL` is not set) is the Err of the first operation.
 *
 * ```ts
 * const db = createDatabase({ schema })                                  // the types come with the generated schema
 * const db = createDatabase<DB>({ connection: "postgres://…" })          // or are given
 * ```
 */
export function createDatabase<DB, C>(
  options: DatabaseOptions<Schema<DB, C>> & { readonly schema: Schema<DB, C> },
): Database<DB, C>
export function createDatabase<DB>(options?: DatabaseOptions): Database<DB>
export function createDatabase<DB>(options: DatabaseOptions<object | undefined> = {}): Database<DB> {
  return assembleDatabase<DB, unknown>(options)
}

interface How {
  readonly decoding: Decoding | undefined
  readonly tags: typeof scopeTags
}

type EngineMaker = (options: DriverOptions, how: How) => Engine

/** What a database stands on; tests bring their own. */
export interface Foundations {
  readonly engine?: EngineMaker
  readonly clock?: Clock
  readonly random?: Random
  /** Told when the database begins to close. */
  readonly onClose?: () => void
}

/** `createDatabase` with other foundations. */
export function assembleDatabase<DB, C>(
  options: DatabaseOptions<object | undefined>,
  foundations: Foundations = {},
): Database<DB, C> {
  const { resolved, problems } = readDatabaseOptions(options, process.env)
  const { clock = systemClock, random = Math.random, onClose } = foundations
  const audience = new Audience()
  const heard = { ...resolved, driver: { ...resolved.driver, observer: beside(audience, resolved.driver.observer) } }
  const engine = engineFor(heard, problems, foundations.engine ?? createEngine)
  const surroundings = { clock, random, onClose, audience }
  return rememberSchema(new ResilientDatabase<DB, C>(engine, resolved, surroundings), resolved.schema)
}

/** The driver counts what its observer throws, so that one hears for itself. What is no function is the driver's to refuse. */
function beside(audience: Audience, observer: unknown): Observer {
  if (observer !== undefined && typeof observer !== "function") return promised<Observer>(observer)
  const told = promised<Observer | undefined>(observer)
  return told === undefined
    ? audience.tell
    : (event) => {
        audience.tell(event)
        return told(event)
      }
}

/** One error for everything that is wrong, ours and the driver's. */
function engineFor(
  { driver, decoding }: ResolvedDatabaseOptions,
  problems: readonly OptionsProblem[],
  create: EngineMaker,
): Engine {
  let engine: Engine
  try {
    engine = create(driver, { decoding, tags: scopeTags })
  } catch (error) {
    throw error instanceof OptionsError ? new OptionsError([...problems, ...error.problems]) : error
  }
  if (problems.length === 0) return engine
  void engine.close()
  throw new OptionsError(problems)
}

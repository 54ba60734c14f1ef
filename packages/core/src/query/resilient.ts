import { isA } from "../foundation/is-a.ts"
import { OptionsError, waitAfter, type OptionsProblem } from "@kysely-resilient/driver"
import { ResultAsync, type Result } from "neverthrow"

import { passedOn } from "../dropped/watched.ts"
import { isDatabaseError } from "../errors/database-error.ts"
import { promised } from "../foundation/promised.ts"
import { currentCall, inCall, ResilientCall, type Trouble } from "../scope/resilient-call.ts"
import { currentScope } from "../scope/work-scope.ts"
import { open } from "./results.ts"
import { isAttempts } from "./run-options.ts"

export interface ResilientOptions {
  /** Tries of any one thing inside: statements, transactions and the whole function share them. Default 3. */
  readonly attemptsMax?: number
  /** Reaches events. Default: the function's own name. */
  readonly name?: string
}

/** neverthrow's ResultAsync is awaited like a promise and is not assignable to one. */
type Later = PromiseLike<unknown> | ResultAsync<unknown, unknown>

/** A function or method that answers later, with a Result or without one. */
type Operation<This, Parameters extends unknown[], Answer extends Later> = (
  this: This,
  ...parameters: Parameters
) => Answer

/** What `resilient(options)` gives: a decorator, and a function that wraps functions. */
type ResilientWrapper = <This, Parameters extends unknown[], Answer extends Later>(
  operation: Operation<This, Parameters, Answer>,
  context?: ClassMethodDecoratorContext<This>,
) => Operation<This, Parameters, Answer>

/**
 * Runs the function again when a conflict, a lost connection or another passing trouble of the database is what it answers
 * (as an Err) or throws, **and only while nothing of this call was written**: a write that was applied, or may have been, is never done
 * twice. It waits in between as a statement would. What it calls shares the tries: a statement that needed all three leaves
 * none for the function. A resilient function inside of another is part of that.
 *
 * What goes through `db.kysely` cannot be told to be a read, so after it there is no other run. Whatever else the function
 * does, as sending mail, it does in every run.
 *
 * ```ts
 * const signals = resilient(async (since: Date) => await db.all(recent(since)))
 *
 * class Desk {
 *   @resilient
 *   async signals(since: Date) { … }
 *
 *   @resilient({ attemptsMax: 5 })
 *   async balances() { … }
 * }
 * ```
 *
 * A standard decorator (not `experimentalDecorators`); Node's own type stripping refuses decorators, so it needs a compiler.
 *
 * @throws OptionsError for wrong options, TypeError for what is no function or method; at once, not when it is called.
 */
export function resilient<This, Parameters extends unknown[], Answer extends Later>(
  operation: Operation<This, Parameters, Answer>,
  options?: ResilientOptions | ClassMethodDecoratorContext<This>,
): Operation<This, Parameters, Answer>
export function resilient(options: ResilientOptions): ResilientWrapper
export function resilient(
  first: Operation<unknown, unknown[], Later> | ResilientOptions,
  second?: ResilientOptions | DecoratorContext,
): unknown {
  if (typeof first === "function") return wrapped(first, isContext(second) ? ofMethod(second) : checked(second))
  const options = checked(first)
  return (operation: unknown, context?: DecoratorContext) => {
    if (context !== undefined) ofMethod(context)
    return wrapped(operation, options)
  }
}

function wrapped(operation: unknown, { attemptsMax, name }: ResilientOptions): unknown {
  if (typeof operation !== "function") {
    throw new TypeError(`resilient wraps functions and methods; it was given ${kindOf(operation)}`)
  }
  const run = promised<Operation<unknown, unknown[], Later>>(operation)
  const label = name ?? (operation.name === "" ? undefined : operation.name)
  const resilientOperation = function (this: unknown, ...parameters: unknown[]): unknown {
    // Inside of another resilient function it is a part of that one, which decides.
    if (currentCall() !== undefined) return run.apply(this, parameters)
    const call = new ResilientCall(attemptsMax ?? ATTEMPTS_MAX)
    const once = (): Later => inCall(call, () => run.apply(this, parameters))
    const first = once()
    const ended = untilSettled(call, first, once, label)
    // A ResultAsync is never anything else but a promise of a Result.
    return first instanceof ResultAsync ? new ResultAsync(promised<Promise<Result<unknown, unknown>>>(ended)) : ended
  }
  Object.defineProperty(resilientOperation, "name", { value: operation.name, configurable: true })
  Object.defineProperty(resilientOperation, "length", { value: operation.length, configurable: true })
  return resilientOperation
}

const ATTEMPTS_MAX = 3

async function untilSettled(
  call: ResilientCall,
  first: Later,
  again: () => Later,
  label: string | undefined,
): Promise<unknown> {
  let running = first
  try {
    for (let run = 1; ; run += 1) {
      const ended = await outcomeOf(running)
      const trouble = ended.ok ? undefined : causeOf(ended.error, call.takeTroubles())
      if (trouble === undefined || !(await mayRunAgain(call, trouble, run, label))) {
        if (ended.threw) throw ended.error
        return passedOn(ended.answer)
      }
      running = again()
    }
  } finally {
    call.end()
  }
}

// Types forbid most of the following, and JavaScript does not.

function checked(options: unknown): ResilientOptions {
  if (options === undefined) return {}
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`resilient takes a function and its options; it was given ${kindOf(options)}`)
  }
  const problems: OptionsProblem[] = Object.keys(options)
    .filter((key) => key !== "attemptsMax" && key !== "name")
    .map((path) => ({ path, problem: "is no option", hint: "There are attemptsMax and name" }))
  const { attemptsMax, name }: { attemptsMax?: unknown; name?: unknown } = options
  if (attemptsMax !== undefined && !isAttempts(attemptsMax)) {
    problems.push({ path: "attemptsMax", problem: "is no whole number above 0", hint: "Leave it out for 3" })
  }
  if (name !== undefined && typeof name !== "string") {
    problems.push({ path: "name", problem: "is no string", hint: "Leave it out for the function's own name" })
  }
  if (problems.length > 0) throw new OptionsError(problems)
  return options
}

function isContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value && "addInitializer" in value
}

function ofMethod({ kind }: DecoratorContext): ResilientOptions {
  if (kind === "method") return {}
  throw new TypeError(
    `@resilient decorates methods, and this is a ${kind}. For a function in a field write resilient(...)`,
  )
}

function kindOf(value: unknown): string {
  return value === null ? "null" : `a ${typeof value}`
}

interface Outcome {
  readonly ok: boolean
  readonly threw: boolean
  readonly answer?: unknown
  readonly error?: unknown
}

async function outcomeOf(running: Later): Promise<Outcome> {
  try {
    const answer = await running
    const opened = open(answer)
    return opened.is === "err"
      ? { ok: false, threw: false, answer, error: opened.error }
      : { ok: true, threw: false, answer }
  } catch (error) {
    return { ok: false, threw: true, error }
  }
}

/** What a function that failed has failed of: the trouble that its error tells of, itself or as what it was caused by. */
function causeOf(error: unknown, troubles: readonly Trouble[]): Trouble | undefined {
  for (let [told, depth] = [error, 0]; depth < CAUSES_MAX; depth += 1) {
    if (isDatabaseError(told)) {
      const { kind } = told
      return troubles.findLast(({ failure }) => failure.kind === kind)
    }
    if (!isA(told, Error)) return undefined
    told = told.cause
  }
  return undefined
}

/** A chain of causes may be a ring. */
const CAUSES_MAX = 10

async function mayRunAgain(
  call: ResilientCall,
  { failure, patience }: Trouble,
  run: number,
  label: string | undefined,
): Promise<boolean> {
  // Would it help? Is it safe? Can we afford it?
  if (failure.retry === "never" || call.written || call.triesLeft <= 1) return false
  const { engine, backoff, random } = patience
  if (!engine.takeRetry(failure)) return false
  call.used(1)
  const { leastMs, mostMs } = waitAfter(failure, run, backoff, random)
  engine.tell({
    name: "operation.rerun",
    attempt: run,
    delayMs: mostMs,
    failure,
    ...(label !== undefined && { label }),
  })
  return engine.rest({ failure, leastMs, mostMs, signal: currentScope()?.signal })
}

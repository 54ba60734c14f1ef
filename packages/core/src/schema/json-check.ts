import type { PathPart, StandardSchema } from "./standard-schema.ts"
import { Undecodable } from "./text/undecodable.ts"

/** What a value has to be: gives what the validator makes of it, or throws where it does not fit. */
export function jsonCheck(schema: StandardSchema): (value: unknown) => unknown {
  return (value) => {
    const validated = schema["~standard"].validate(value)
    if ("then" in validated) {
      // Nobody will hear of it any other way.
      Promise.resolve(validated).catch(() => {})
      throw new Undecodable("Its decoder answers with a promise; decoders must be synchronous")
    }
    if (validated.issues === undefined) return validated.value
    const places = [...new Set(validated.issues.map(({ path }) => pathText(path ?? [])))]
    throw new Unfit(places)
  }
}

/** A value that its decoder refuses. Says where, and not what is there. */
export class Unfit extends Undecodable {
  readonly places: readonly string[]

  constructor(places: readonly string[]) {
    const named = places.slice(0, PLACES_MAX).join(", ")
    const rest = places.length > PLACES_MAX ? ` and ${places.length - PLACES_MAX} more` : ""
    super(`It is not what its decoder expects, at ${named}${rest}`)
    this.places = places
  }
}

/** More of them make a message that nobody reads. */
const PLACES_MAX = 5

/** `$.meta.tags[0]`; `$` is the whole value. */
function pathText(path: readonly PathPart[]): string {
  return `$${path.map((part) => keyText(typeof part === "object" ? part.key : part)).join("")}`
}

function keyText(key: PropertyKey): string {
  if (typeof key === "number") return `[${key}]`
  const text = String(key)
  return /^[A-Za-z_$][\w$]*$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`
}

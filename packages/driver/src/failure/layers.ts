/**
 * One of the things that were thrown together: the error itself, a member of an AggregateError, or a cause. Only what it
 * looks like counts, never its class: several copies of pg, or of this package, may live in one process.
 */
export interface Layer {
  readonly message: string
  readonly name?: string
  readonly code?: string
  readonly syscall?: string
  readonly severity?: string
  readonly file?: string
  readonly routine?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly dataType?: string
  readonly constraint?: string
}

/** Enough for every chain that means something; a chain without an end must have one here. */
const LAYERS_MAX = 32

const FIELDS = [
  "name",
  "code",
  "syscall",
  "severity",
  "file",
  "routine",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
] as const

/** Everything in there, outermost first. At least one; never throws, whatever was thrown. */
export function layersOf(thrown: unknown): readonly Layer[] {
  const seen = new Set<unknown>()
  const layers: Layer[] = []
  const waiting: unknown[] = [thrown]
  while (waiting.length > 0 && layers.length < LAYERS_MAX) {
    const next = waiting.shift()
    if (seen.has(next)) continue
    seen.add(next)
    layers.push(layerOf(next))
    waiting.push(...members(next))
    const cause = read(next, "cause")
    if (cause !== undefined && cause !== null) waiting.push(cause)
  }
  return layers
}

function layerOf(value: unknown): Layer {
  const fields: { [field in (typeof FIELDS)[number]]?: string } = {}
  for (const field of FIELDS) {
    const text = read(value, field)
    if (typeof text === "string") fields[field] = text
  }
  return { message: messageIn(value), ...fields }
}

function messageIn(value: unknown): string {
  const message = read(value, "message")
  if (typeof message === "string") return message
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : ""
}

function members(value: unknown): readonly unknown[] {
  try {
    const errors = read(value, "errors")
    return Array.isArray(errors) ? errors.slice(0, LAYERS_MAX) : []
  } catch {
    return []
  }
}

/** A property of anything; a getter or a proxy that throws has none. */
function read(value: unknown, property: string): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return undefined
  try {
    return Reflect.get(value, property)
  } catch {
    return undefined
  }
}

/** A value on its way into a json or jsonb column, whatever it is: `json(value)` makes it. */
export interface JsonValue<T = unknown> {
  readonly value: T
  /** The JSON text; `pg` asks for it. */
  toPostgres(): string
}

/**
 * What a json or jsonb column takes as it is: an object, a number, a boolean, or JSON text. An array is none of them, for `pg`
 * sends it as an array of PostgreSQL's, and a string is taken for JSON text: for both there is `json(value)`.
 */
export type JsonInput = JsonValue | JsonObject | boolean | number | string

// The second half is for interfaces, which have no index; of what is written down at once only the first knows the keys.
type JsonObject = { readonly [key: string]: unknown } | (object & { readonly length?: never; readonly getTime?: never })

/**
 * Sends any value as JSON: arrays and strings too, which by themselves would go out as something else. What cannot be
 * JSON (undefined, a bigint, a cycle) makes the query fail with `encode_failed` before it is sent.
 *
 * ```ts
 * db.exec(db.insertInto("posts").values({ tags: json(["a", "b"]), title: json("12") }))
 * ```
 */
export function json<T>(value: T): JsonValue<T> {
  return new Json(value)
}

class Json<T> implements JsonValue<T> {
  readonly value: T

  constructor(value: T) {
    this.value = value
  }

  toPostgres(): string {
    const text: string | undefined = JSON.stringify(this.value)
    if (text === undefined)
      throw new TypeError("json() was given what JSON has no form for, such as undefined or a function")
    return text
  }

  toJSON(): T {
    return this.value
  }
}

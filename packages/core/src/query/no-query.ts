/** Thrown where something was given for a query, or for a part of one, that is none. Its message is our own, and quotes nothing. */
export class NoQuery extends TypeError {}

/** What was given instead of a query, and what to write. */
export function noQuery(given: unknown): NoQuery {
  if (typeof given === "string") {
    return new NoQuery(
      "A text is no query: write db.query(text, parameters), or build it (db.selectFrom(…), db.sql`…`)",
    )
  }
  if (typeof given === "object" && given !== null && "then" in given) {
    return new NoQuery("A promise is no query: give the query itself, and not what runs it")
  }
  const what = given === null ? "null" : Array.isArray(given) ? "An array" : `A value of type ${typeof given}`
  return new NoQuery(`${what} is no query: give what was built (db.selectFrom(…), db.sql\`…\`), or what prepare gave`)
}

/** A text with its parameters, as JavaScript may give them. */
export function checkText(text: unknown, parameters: unknown): void {
  if (typeof text !== "string") {
    throw new NoQuery(
      "query takes a text, and its parameters as an array: db.query('select $1', [1]). For what was built there are all, one, exec, …; for a template, db.sql`…`",
    )
  }
  if (!Array.isArray(parameters)) {
    throw new NoQuery("The parameters of a text are an array, for $1, $2, …: db.query('select $1', [1])")
  }
}

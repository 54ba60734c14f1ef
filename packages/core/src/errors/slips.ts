interface Slip {
  readonly is: (sql: string, parameterCount: number) => boolean
  readonly means: string
}

/** What a builder makes of nothing, and what other databases write: the server's "syntax error" says little of either. */
const SLIPS: readonly Slip[] = [
  {
    is: (sql) => /\bin \(\)/i.test(sql),
    means:
      "A list behind IN is empty: ask only where there is something in it, write = any(array), or give the database Kysely's HandleEmptyInListsPlugin",
  },
  {
    is: (sql) => /^\s*insert into [^(]*\(\) values/i.test(sql),
    means:
      "values() was given no row, or a row without a value: write insertMany, for which no rows are fine, or defaultValues()",
  },
  {
    is: (sql) => /^\s*update .* set\s*(?:$|where\b|from\b|returning\b)/is.test(sql),
    means: "set() was given nothing to set, or only undefined",
  },
  {
    is: (sql, parameterCount) => parameterCount > 0 && !/\$\d/.test(sql),
    means: "A text names its parameters $1, $2, …, and this one names none",
  },
]

/** What the author of a statement that cannot be parsed has probably done. Quotes nothing. */
export function slipIn(sql: string, parameterCount: number): string | undefined {
  return SLIPS.find(({ is }) => is(sql, parameterCount))?.means
}

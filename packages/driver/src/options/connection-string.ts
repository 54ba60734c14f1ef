import { parseConninfo } from "./conninfo.ts"
import { unreadable, type ParsedString } from "./parsed-string.ts"
import { parseUri } from "./uri.ts"

const EXAMPLE = "Write it as postgres://user:password@host:5432/database"

/** Prefixes of other worlds, and what to write instead. */
const FOREIGN: readonly (readonly [prefix: RegExp, problem: string, hint: string])[] = [
  [/^["'`]/, "begins with a quotation mark", "Remove the quotation marks around it"],
  [/^jdbc:postgresql:/i, "is a JDBC URL", "Remove the jdbc: in front, and put user and password before an @"],
  [/^postgres(ql)?\+\w+:/i, "names a driver of SQLAlchemy", "Remove the + and what follows it, up to the colon"],
  [/^prisma(\+postgres)?:/i, "is a Prisma Accelerate URL", "Use the URL of the database itself, postgres://…"],
  [/^(mysql|mariadb|sqlite|file|mongodb(\+srv)?|redis|https?|sqlserver|libsql):/i, "is not a PostgreSQL URL", EXAMPLE],
  [
    /^socket:/i,
    "is pg's own form of a Unix socket",
    "Write it as postgresql:///database?host=/directory/of/the/socket",
  ],
  [/^\//, "is pg's own form of a Unix socket", "Write it as postgresql:///database?host=/directory/of/the/socket"],
  [/^postgres(ql)?:/i, "lacks the // after the colon, or has capitals before it", EXAMPLE],
]

/** A connection string in either of libpq's two forms (PostgreSQL manual, 32.1.1). */
export function parseConnectionString(text: string): ParsedString {
  if (text.includes("\0")) return unreadable("holds a NUL character", "Remove it")
  if (text !== text.trim()) return unreadable("begins or ends with white space", "Remove it; often it is a line break")
  const scheme = /^postgres(?:ql)?:\/\//.exec(text)?.[0]
  if (scheme !== undefined) return parseUri(text.slice(scheme.length))
  for (const [prefix, problem, hint] of FOREIGN) if (prefix.test(text)) return unreadable(problem, hint)
  if (text.includes("=")) return parseConninfo(text)
  return unreadable("is neither a postgres:// URL nor made of keyword=value pairs", EXAMPLE)
}

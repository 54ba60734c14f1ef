import { AVAILABILITY_WORDS } from "@kysely-resilient/core/src/errors/availability.ts"
import { BUG_WORDS } from "@kysely-resilient/core/src/errors/bug.ts"
import { CONFLICT_WORDS } from "@kysely-resilient/core/src/errors/conflict.ts"
import { CONSTRAINT_WORDS } from "@kysely-resilient/core/src/errors/constraint.ts"
import { LIMIT_WORDS } from "@kysely-resilient/core/src/errors/limit.ts"
import { REQUEST_WORDS } from "@kysely-resilient/core/src/errors/request.ts"
import { RESULT_WORDS } from "@kysely-resilient/core/src/errors/result.ts"
import type { ErrorKind } from "@kysely-resilient/core/src/errors/redaction.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import type { Facts, Words } from "@kysely-resilient/core/src/errors/words.ts"
import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { ERRNO_CODES } from "@kysely-resilient/driver/src/failure/network.ts"
import { POOLER_TEXTS } from "@kysely-resilient/driver/src/failure/pooler.ts"
import { SQLSTATE_CLASSES, SQLSTATES } from "@kysely-resilient/driver/src/failure/sqlstate.ts"

import {
  errnoFailures,
  ourOwnFailures,
  PLACES,
  poolerFailures,
  sqlStateFailures,
  type Failures,
  type Place,
} from "./samples.ts"

interface Sample {
  readonly name: string
  readonly failures: Failures
}

const CATEGORIES: readonly (readonly [name: string, means: string, words: Partial<Words<ErrorKind>>])[] = [
  ["constraint", "The data breaks a rule of the schema.", CONSTRAINT_WORDS],
  ["conflict", "Another transaction was in the way; doing the whole again may help.", CONFLICT_WORDS],
  ["limit", "A time, a deadline or a queue ran out, or the caller gave up.", LIMIT_WORDS],
  [
    "availability",
    "The database cannot be reached or cannot serve now. Look at `effect` before you do it again.",
    AVAILABILITY_WORDS,
  ],
  ["request", "The statement, its parameters, its rights or the options are wrong.", REQUEST_WORDS],
  ["result", "The statement ran, and its answer is not what was asked for.", RESULT_WORDS],
  ["bug", "Something threw that should not, or a program broke its word.", BUG_WORDS],
]

/** docs/errors.md, from the verdict table and the effect laws as they are in the code. */
export function errorsPage(): string {
  const states = SQLSTATES.map((name) => ({ name, failures: sqlStateFailures(name) }))
  const classes = SQLSTATE_CLASSES.map((name) => ({ name: `${name}…`, failures: sqlStateFailures(`${name}ZZZ`) }))
  const errnos = ERRNO_CODES.map(({ origin, code }) => ({ name: code, origin, failures: errnoFailures(code) }))
  const poolers = POOLER_TEXTS.map(([text, verdict]) => ({ name: text.source, failures: poolerFailures(verdict) }))
  const all = [...[...states, ...classes, ...errnos, ...poolers].flatMap(everyFailure), ...ourOwnFailures()]
  return (
    [
      INTRODUCTION,
      ...CATEGORIES.map(([name, means, words]) => kinds(name, means, words, all)),
      SQLSTATES_INTRODUCTION,
      table(
        ["SQLSTATE", "kind", "blame", ...PLACES, "connection"],
        [...states, ...classes].map((one) => row(one)),
      ),
      NETWORK_INTRODUCTION,
      table(
        ["code", "from", "kind", "blame", ...PLACES, "connection"],
        errnos.map((one) => row(one, one.origin)),
      ),
      POOLER_INTRODUCTION,
      table(
        ["text", "kind", "blame", ...PLACES, "connection"],
        poolers.map((one) => row(one)),
      ),
    ].join("\n\n") + "\n"
  )
}

const INTRODUCTION = `# Errors

<!-- Written by \`pnpm docs:sync\` from packages/driver/src/failure: do not edit. -->

Every error has a \`kind\` (PostgreSQL's name for the condition where there is one), one of seven categories, a \`retry\`
(what may help: \`never\`, the \`statement\`, the \`transaction\`; never, if it is not known what was done) and an \`effect\`, what the server has done:

| \`effect\` | |
|---|---|
| \`not_applied\` | nothing; doing it again does it once |
| \`applied\` | all of it; only the answer is missing, or cannot be read, or is not what was asked for (\`no_row\` of an UPDATE; of a SELECT: \`not_applied\`, for it applies nothing) |
| \`applied_locally\` | all of it, on this server; its synchronous standby has not confirmed it |
| \`unknown\` | nobody can say, or not yet; with a \`token\`, \`db.resolve(token)\` can, later. [How it is found out](resolution.md) |

No error quotes a row, a parameter, a literal or comment of the SQL, or a connection string: in its message, its fields, its stack, its JSON, or when it
is inspected. What was thrown or received is given by \`unsafeDriverError(error)\`, to whoever asks for it. Of a statement that was written as text it shows \`where kind = ?\`. \`error.journal\` has every try that failed: what it was, how long it took,
on which connection, and how long the next was waited for. \`error.docs\` leads here, to the copy that the package
brings (\`import.meta.resolve("@kysely-resilient/core/docs/errors.md")\` finds it in any layout). \`describe(error)\` says it all in a paragraph; \`toProblem(error)\` makes
\`application/problem+json\` (RFC 9457) of it, which may be sent to anybody.

What the driver does by itself before an error reaches anybody is in these tables too. What decides is in
[sqlstate.ts](../packages/driver/src/failure/sqlstate.ts), [network.ts](../packages/driver/src/failure/network.ts),
[pooler.ts](../packages/driver/src/failure/pooler.ts), and for the effect [effect.ts](../packages/driver/src/failure/effect.ts);
the life of a query is [a page of its own](query-life.md).`

const LEGEND = `\`again\`: it is tried again, at once or after a moment, while attempts and time are left. \`rerun\`: \`db.transaction\` runs the
whole transaction again. \`found out\`: nobody knows whether it was applied; it is [found out](resolution.md), and then it is
a success, or tried again, or told. \`told\`: the caller is told. \`×1\`: once more, no more.`

const SQLSTATES_INTRODUCTION = `## By SQLSTATE

What PostgreSQL itself says, as ERROR, or as FATAL where it always is one, and with nothing done before. A code without a row of its own means what its class
means; one of no known class (applications make some up) is \`raised_exception\`. ${LEGEND}`

const NETWORK_INTRODUCTION = `## By the network's codes

What Node, the system, the name service or TLS says, when nothing else was heard from the server.`

const POOLER_INTRODUCTION = `## By a pooler's words

PgBouncer, pgcat, Supavisor and others answer in the server's place; only PostgreSQL signs its errors with the place in its source. Patterns, the
first that fits.`

const NOTHING_SAID: Facts = {
  origin: "server",
  code: undefined,
  phase: "write",
  constraint: undefined,
  schema: undefined,
  table: undefined,
  column: undefined,
  dataType: undefined,
  reading: undefined,
  said: undefined,
}

function kinds(name: string, means: string, words: Partial<Words<ErrorKind>>, all: readonly Failure[]): string {
  const rows = typedEntries(words).map(([kind, say]) => {
    const of = all.filter((failure) => failure.kind === kind)
    return [
      `\`${kind}\`<a id="${kind}"></a>`,
      say(NOTHING_SAID),
      listed(of, "blame"),
      listed(of, "effect"),
      deeds(of),
      REMEDIES[kind],
    ]
  })
  return `## ${name}\n\n${means}\n\n${table(["kind", "what it means", "blame", "effect", "the driver", "you"], rows)}`
}

function typedEntries(words: Partial<Words<ErrorKind>>): [ErrorKind, (facts: Facts) => string][] {
  const kindsKnown = Object.keys(REMEDIES).filter((kind): kind is ErrorKind => Object.hasOwn(words, kind))
  return kindsKnown.flatMap((kind) => {
    const say = words[kind]
    return say === undefined ? [] : [[kind, say]]
  })
}

/** What our own side finds after the answer has no failure of the driver's. */
function listed(failures: readonly Failure[], field: "blame" | "effect"): string {
  if (failures.length === 0) return field === "blame" ? "client" : "as the statement's"
  return [...new Set(failures.map((failure) => failure[field]))].toSorted().join(", ")
}

function deeds(failures: readonly Failure[]): string {
  const did = new Set(failures.map((failure) => deed(failure)))
  const said = [
    did.has("again") || did.has("again ×1") ? "tries again what was not applied" : undefined,
    did.has("rerun") || did.has("rerun ×1") ? "runs the transaction again" : undefined,
    did.has("found out") ? "finds out what became of it" : undefined,
  ].filter((text) => text !== undefined)
  return said.length === 0 ? "tells you" : said.join("; ")
}

function everyFailure({ failures }: Sample): readonly Failure[] {
  return PLACES.map((place) => failures[place])
}

/** What nobody hears while connecting: the SQLSTATEs of statements and their data. */
const NOT_CONNECTING = /^(?:0[0-79A-Z]|1|2[0-79A-Z]|3[0-9B-CE-Z]|40|42(?!501)|44|5[456]|72|CR|HV|P0)/

function row(sample: Sample, origin?: string): readonly string[] {
  const failures = everyFailure(sample).filter(({ phase }) => phase !== "connect" || !NOT_CONNECTING.test(sample.name))
  const working = failures.filter(({ phase }) => phase !== "connect")
  const fates = [...new Set(working.map(({ connection }) => FATES[connection]))]
  return [
    `\`${sample.name.replaceAll("|", "\\|")}\``,
    ...(origin === undefined ? [] : [origin]),
    [...new Set(failures.map(({ kind }) => `\`${kind}\``))].join(" "),
    [...new Set(failures.map(({ blame }) => blame))].join(", "),
    ...PLACES.map((place: Place) =>
      place === "connecting" && NOT_CONNECTING.test(sample.name) ? "" : deed(sample.failures[place]),
    ),
    fates.join(", "),
  ]
}

const FATES: Readonly<Record<Failure["connection"], string>> = {
  keep: "kept",
  repair: "kept",
  discard: "replaced",
  discard_generation: "all replaced",
}

/** As `decide` and core decide it, for a caller with attempts and time to spare. */
function deed({ phase, retry, retriesMax, effect }: Failure): string {
  if (effect === "applied") return "done"
  if (effect === "unknown") return "found out"
  if (retry === "never" || effect === "applied_locally") return "told"
  const once = retriesMax === 1 ? " ×1" : ""
  if (phase !== "transaction" && phase !== "commit") return `again${once}`
  return retry === "transaction" ? `rerun${once}` : "told"
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n")
}

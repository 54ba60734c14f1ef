import { expressionText, policy, typeScriptOf, type PolicyChoices } from "@kysely-resilient/core/schema"
import { BUILT_IN_NAMES } from "@kysely-resilient/core/src/schema/numbers.ts"

const MARKED = /(?<mark><!-- types -->\n)[\s\S]*?(?<end><!-- \/types -->)/g

/** What else a type can be, by the choice that decides it. */
const OTHERWISE: readonly (readonly [choice: string, choices: PolicyChoices])[] = [
  ['int8: "number"', { int8: "number" }],
  ['int8: "string"', { int8: "string" }],
  ['numeric: "number"', { numeric: "number" }],
  ['timestamptz: "string"', { timestamptz: "string" }],
  ['timestamp: "Date"', { timestamp: "Date" }],
  ['date: "Date"', { date: "Date" }],
  ['interval: "parts"', { interval: "parts" }],
  ['json: "string"', { json: "string" }],
  ['range: "object"', { range: "object" }],
]

/** The page with the table of all built-in types as the code has it. */
export function withTypesTable(page: string): string {
  return page.replaceAll(MARKED, (_, mark: string, end: string) => `${mark}${table()}\n${end}`)
}

interface Row {
  readonly names: string[]
  readonly read: string
  readonly written: string
  readonly otherwise: string
}

/** Types that are alike stand in one row. */
function table(): string {
  const rows = new Map<string, Row>()
  const names = [...BUILT_IN_NAMES.values()].filter((name) => !name.endsWith("[]"))
  for (const name of names.toSorted()) {
    const { select, insert } = typeScriptOf(name, {}, policy())
    const [read, written] = [expressionText(select), expressionText(insert)]
    const otherwise = OTHERWISE.flatMap(([choice, choices]) => {
      const other = expressionText(typeScriptOf(name, {}, policy(choices)).select)
      return other === read ? [] : [`${code(other)} with ${code(choice)}`]
    }).join(", ")
    const key = JSON.stringify([read, written, otherwise])
    const row = rows.get(key) ?? { names: [], read, written, otherwise }
    row.names.push(code(name))
    rows.set(key, row)
  }
  const lines = [...rows.values()].map((row) => [row.names.join(" "), code(row.read), code(row.written), row.otherwise])
  return [["PostgreSQL", "read as", "inserts take", "or read as"], ["---", "---", "---", "---"], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n")
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``
}

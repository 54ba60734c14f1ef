/** What a PromQL expression names: each metric with the matchers of its labels, and the labels that it groups by. */
export interface Named {
  readonly metrics: readonly { readonly name: string; readonly matchers: readonly Matcher[] }[]
  readonly grouped: readonly string[]
}

export interface Matcher {
  readonly label: string
  readonly by: string
  readonly value: string
}

const TOKEN =
  /\s*(?:(?<name>[a-zA-Z_:][\w:]*)|(?<braces>\{[^}]*\})|(?<range>\[[^\]]*\])|(?<other>[()\-+*/,<>=!]|[\d.]+))/gy
const MATCHER = /(?<label>\w+)\s*(?<by>=~|!~|!=|=)\s*"(?<value>[^"]*)"/g
const GROUPING = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"])
const OPERATORS = new Set(["and", "or", "unless", "bool", "offset"])
const FUNCTIONS = new Set("sum min max topk rate increase histogram_quantile vector".split(" "))

/** As far as our own files use the language; throws at what it does not know. */
export function namedIn(expr: string): Named {
  const tokens = [...expr.matchAll(TOKEN)]
  if (tokens.map(([text]) => text).join("") !== expr.trimEnd()) throw new Error(`no PromQL that is known here: ${expr}`)
  const metrics: { name: string; matchers: Matcher[] }[] = []
  const grouped: string[] = []
  let depth = 0
  let grouping = false
  for (const { groups = {} } of tokens) {
    const { name, braces, other } = groups
    if (other === "(") depth += 1
    if (other === ")") {
      depth -= 1
      grouping = false
    }
    if (depth < 0) throw new Error(`a bracket too many: ${expr}`)
    if (braces !== undefined) metrics.at(-1)?.matchers.push(...matchersIn(braces))
    if (name === undefined || OPERATORS.has(name) || FUNCTIONS.has(name)) continue
    if (GROUPING.has(name)) grouping = true
    else if (grouping) grouped.push(name)
    else metrics.push({ name, matchers: [] })
  }
  if (depth > 0) throw new Error(`a bracket too few: ${expr}`)
  return { metrics, grouped }
}

function matchersIn(braces: string): Matcher[] {
  const found = [...braces.matchAll(MATCHER)]
  if (found.map(([text]) => text).join() !== braces.slice(1, -1).replaceAll(/,\s+/g, ","))
    throw new Error(`no matchers: ${braces}`)
  return found.map(({ groups = {} }) => ({
    label: groups["label"] ?? "",
    by: groups["by"] ?? "",
    value: groups["value"] ?? "",
  }))
}

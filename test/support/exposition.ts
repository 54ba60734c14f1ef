/** One line of a scrape. */
export interface Scraped {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>[^ ]+)$/
const LABEL = /(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/gy

/** The lines of a text in Prometheus' format; throws at the first that breaks its grammar, or comes twice, or without a TYPE. */
export function scraped(text: string): readonly Scraped[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end")
  const types = new Map<string, string>()
  const seen = new Set<string>()
  const lines: Scraped[] = []
  for (const line of text.split("\n")) {
    const [, name = "", type = ""] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (name !== "") {
      if (types.has(name)) throw new Error(`${name} has two types`)
      types.set(name, type)
    }
    if (line === "" || line.startsWith("#")) continue
    const { groups } = LINE.exec(line) ?? {}
    if (groups === undefined) throw new Error(`no line of the format: ${line}`)
    const found = {
      name: groups["name"] ?? "",
      labels: labelsIn(groups["labels"] ?? ""),
      value: numberIn(groups["value"]),
    }
    const key = `${found.name}${JSON.stringify(Object.entries(found.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    const family = types.has(found.name) ? found.name : found.name.replace(/_(?:bucket|sum|count)$/, "")
    if (!types.has(family)) throw new Error(`without a type: ${line}`)
    lines.push(found)
  }
  return lines
}

/** Of all lines of a name that have these labels; NaN if there are none. */
export function sumOf(lines: readonly Scraped[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const chosen = lines.filter(
    (line) => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value),
  )
  return chosen.length === 0 ? Number.NaN : chosen.reduce((sum, { value }) => sum + value, 0)
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let end = 0
  for (const match of text.matchAll(LABEL)) {
    const { name = "", value = "" } = match.groups ?? {}
    if (name in labels) throw new Error(`the label ${name} comes twice: ${text}`)
    labels[name] = value.replaceAll(/\\([\\n"])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped))
    end = match.index + match[0].length
  }
  if (end !== text.length) throw new Error(`no labels: ${text}`)
  return labels
}

function numberIn(text: string | undefined): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY
  const value = Number(text)
  if (Number.isNaN(value)) throw new Error(`no number: ${text}`)
  return value
}

import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

import { resolveOptions } from "@kysely-resilient/driver/src/options/resolve.ts"
import { describe, expect, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")
const page = read("docs/driver-options.md")

/** The properties and methods of a package's interfaces, in the form in which this repository is formatted. */
function keysOf(name: string, ...interfaces: readonly string[]): string[] {
  const source = globSync(`packages/${name}/src/**/*.ts`, { cwd: root }).map(read).join("\n")
  const declared = [...source.matchAll(/^export interface (?<name>\w+).*\{\n(?<body>[\s\S]*?)^\}/gm)]
  const wanted = declared.filter(({ groups }) => interfaces.includes(groups?.["name"] ?? ""))
  expect(wanted).toHaveLength(interfaces.length)
  return wanted.flatMap(({ groups }) =>
    [...(groups?.["body"] ?? "").matchAll(/^ {2}(?:readonly )?(?<key>\w+)\??[:(]/gm)].map(
      (key) => key.groups?.["key"] ?? "",
    ),
  )
}

const driverKeys = keysOf(
  "driver",
  "DriverOptions",
  "ConnectionOptions",
  "SslOptions",
  "PoolLimits",
  "SheddingOptions",
  "TimeoutOptions",
  "RetryOptions",
  "RetryBudget",
  "CircuitOptions",
  "BuggifyOptions",
  "SqlCommentOptions",
)
const coreKeys = keysOf("core", "DatabaseOptions", "ErrorOptions", "Hooks")
const healthKeys = keysOf("core", "HealthOptions", "AlertOptions", "WebhookOptions")

/** Rows of the tables whose default is a number. */
const numbers = [
  ...page.matchAll(/^\| `(?<path>(?:pool|timeouts|retry|circuit)\.[\w.]+)` \| (?<number>[\d,.]+) \|/gm),
].map(({ groups }) => [groups?.["path"] ?? "", Number(groups?.["number"]?.replaceAll(",", ""))] as const)

describe("docs/driver-options.md", () => {
  it("is compared with the options there are", () => {
    expect(driverKeys).toEqual(expect.arrayContaining(["connection", "channelBinding", "servername", "waitersMax"]))
    expect(driverKeys.length).toBeGreaterThan(45)
    expect(coreKeys.toSorted()).toEqual(
      [
        "schema",
        "plugins",
        "errors",
        "on",
        "detail",
        "callSite",
        "reportDropped",
        "defect",
        "droppedError",
        "health",
        "alerts",
      ].toSorted(),
    )
    expect(healthKeys).toEqual(expect.arrayContaining(["successRateMin", "webhook", "cooldownMs"]))
  })

  it.each([...driverKeys, ...coreKeys, ...healthKeys])("names %s", (key) => {
    expect(page).toMatch(new RegExp("`(?:[\\w.]+\\.)?" + key + "\\b[^`]*`"))
  })

  it.each(numbers)("has the default of %s, %s", (path, number) => {
    const resolved: unknown = resolveOptions({ connection: "postgres://u@h/d" }, {})
    expect(path.split(".").reduce((value, key) => Reflect.get(Object(value), key), resolved)).toBe(number)
  })

  it("has a number for every number there is", () => {
    expect(numbers).toHaveLength(22)
  })
})

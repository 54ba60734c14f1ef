import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { createDatabase, type Database } from "@kysely-resilient/core"
import { metricsText, registerPrometheus, type Source } from "@kysely-resilient/telemetry/prometheus"
import { Registry, type OpenMetricsContentType } from "prom-client"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parse } from "yaml"

import { testDatabase } from "../../support/databases.ts"
import { scraped, sumOf } from "../../support/exposition.ts"
import { namedIn } from "../../support/promql.ts"

const database = testDatabase(import.meta.url)
let db: Database<unknown>

beforeEach(() => {
  db = createDatabase({ connection: database.url, name: "main", errors: { reportDropped: false } })
})

afterEach(async () => {
  await db.close()
})

const OWN = "kysely_resilient"
const promtool = spawnSync("promtool", ["--version"]).status === 0
const linted = (text: string): string =>
  spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" }).stderr

describe("registerPrometheus", () => {
  it("puts every metric into prom-client's registry, read at the scrape", async () => {
    const registry = new Registry()
    registerPrometheus(registry, db)
    await db.query("select 1")
    await db.query("select broken")
    const before = scraped(await registry.metrics())
    await db.query("select 1")
    const after = scraped(await registry.metrics())
    expect(sumOf(before, `${OWN}_queries_total`)).toBe(2)
    expect(sumOf(after, `${OWN}_queries_total`)).toBe(3)
    expect(sumOf(after, "db_client_operation_duration_seconds_count")).toBe(3)
    expect(sumOf(after, "db_client_operation_duration_seconds_count", { error_type: "42703" })).toBe(1)
    expect(sumOf(after, "db_client_operation_duration_seconds_bucket", { le: "+Inf" })).toBe(3)
    const open = async () => sumOf(scraped(await registry.metrics()), "db_client_connection_count")
    await expect.poll(async () => (await open()) - db.snapshot().pool.idle).toBe(0)
    expect(sumOf(after, `${OWN}_circuit_state`, { kysely_resilient_circuit_state: "closed" })).toBe(1)
    expect(sumOf(after, `${OWN}_health_status`)).toBe(1)
    expect(sumOf(after, `${OWN}_retry_tokens`)).toBe(db.snapshot().retriesLeft)
  })

  it("says the same in OpenMetrics' format", async () => {
    const registry = new Registry<OpenMetricsContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    registerPrometheus(registry, db)
    await db.query("select 1")
    const text = await registry.metrics()
    expect(text).toContain(
      `# TYPE ${OWN}_queries counter\n${OWN}_queries_total{db_client_connection_pool_name="main"} 1\n`,
    )
    expect(text).not.toContain("_total_total")
    expect(await registry.metrics()).toBe(text)
  })

  it("puts several databases into one registry, told apart by their pool's name, and each once", async () => {
    await using other = createDatabase({ connection: database.url, name: "other" })
    const registry = new Registry()
    registerPrometheus(registry, db)
    const leave = registerPrometheus(registry, other)
    registerPrometheus(registry, db)
    await db.query("select 1")
    await other.query("select 1")
    await other.query("select 1")
    const pool = (name: string) => ({ db_client_connection_pool_name: name })
    const lines = scraped(await registry.metrics())
    expect(sumOf(lines, `${OWN}_queries_total`, pool("main"))).toBe(1)
    expect(sumOf(lines, `${OWN}_queries_total`, pool("other"))).toBe(2)
    expect(sumOf(lines, "db_client_operation_duration_seconds_count", pool("other"))).toBe(2)
    leave()
    expect(sumOf(scraped(await registry.metrics()), `${OWN}_queries_total`, pool("other"))).toBeNaN()
  })

  it("gives a closed database's place to the next one of its name, which would otherwise be there twice", async () => {
    const registry = new Registry()
    registerPrometheus(registry, db)
    await db.query("select 1")
    await db.close()
    // What it was is still told until then.
    expect(sumOf(scraped(await registry.metrics()), `${OWN}_queries_total`)).toBe(1)
    await using next = createDatabase({ connection: database.url, name: "main" })
    const leave = registerPrometheus(registry, next)
    await next.query("select 1")
    await next.query("select 1")
    expect(sumOf(scraped(await registry.metrics()), `${OWN}_queries_total`)).toBe(2)
    leave()
    expect(await registry.metrics()).not.toContain(OWN)
  })

  it("leaves nothing behind when the last one leaves, and can come again", async () => {
    const registry = new Registry()
    registerPrometheus(registry, db)()
    expect((await registry.metrics()).trim()).toBe("")
    registerPrometheus(registry, db, { prefix: "shop_db" })
    const lines = scraped(await registry.metrics())
    expect(sumOf(lines, "shop_db_queries_total")).toBe(0)
    expect(lines.filter(({ name }) => name.startsWith(OWN))).toEqual([])
  })

  it("refuses a second prefix in one registry, and one that is no name", () => {
    const registry = new Registry()
    registerPrometheus(registry, db)
    expect(() => registerPrometheus(registry, db, { prefix: "shop" })).toThrow(/give all of them the same/)
    expect(() => registerPrometheus(new Registry(), db, { prefix: "9-db" })).toThrow(/not beginning with a digit/)
  })

  it("shows one moment in one scrape", async () => {
    let looks = 0
    const source: Source = {
      observe: (listener) => db.observe(listener),
      snapshot: () => {
        looks += 1
        return db.snapshot()
      },
    }
    const registry = new Registry()
    registerPrometheus(registry, source)
    await registry.metrics()
    await registry.metrics()
    expect(looks).toBe(2)
  })
})

describe("metricsText", () => {
  it("has the lines that the registry has", async () => {
    const registry = new Registry()
    registerPrometheus(registry, db)
    await db.query('select 1 as "from \\"quoted\\""')
    await db.query("select broken")
    expect(scraped(metricsText(db))).toEqual(scraped(await registry.metrics()))
  })

  it("escapes what a label may hold", async () => {
    metricsText(db)
    await db.query('select 1 from "a\\b""c\nd"')
    const [line] = scraped(metricsText(db)).filter(({ labels }) => labels["error_type"] === "42P01")
    expect(line?.labels["db_query_summary"]).toBe('SELECT a\\b"c\nd')
  })

  it.runIf(promtool)("passes promtool's own check", async () => {
    metricsText(db)
    await db.query("select 1")
    await db.query("select broken")
    // The convention's name, which promtool takes for a histogram's.
    const known = 'db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix\n'
    expect(linted(metricsText(db))).toBe(known)
  })
})

describe("the alert rules", () => {
  const file = resolve(import.meta.dirname, "../../../packages/telemetry/prometheus/kysely-resilient.rules.yml")
  interface Rules {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
  }
  const { groups }: Rules = parse(readFileSync(file, "utf8"))
  const rules = groups.flatMap((group) => group.rules)

  it.each(rules)("$alert is about metrics that there are, by labels that they have", async ({ expr }) => {
    metricsText(db)
    await db.query("select 1")
    await db.query("select broken")
    await db.query("select pg_terminate_backend(pg_backend_pid())", [], { readOnly: true })
    const lines = scraped(metricsText(db))
    const named = [
      ...expr.matchAll(/\b((?:db_client|kysely_resilient)_\w+)(?=[[{ >/)]|$)(?:\{(\w+)(!?=)"([^"]*)"\})?/gm),
    ]
    const metrics = named.filter(([, name = ""]) => !/^(?:db_client_connection_pool_name)$/.test(name))
    expect(metrics.length).toBeGreaterThan(0)
    for (const [, name, label, , value] of metrics) {
      const found = lines.filter((line) => line.name === name)
      expect(found, name).not.toEqual([])
      if (label === undefined) continue
      const values = new Set(found.map(({ labels }) => labels[label]))
      expect(values.size > 1 || values.has(value), `${name}{${label}}`).toBe(true)
    }
  })

  it.runIf(promtool)("pass promtool's own check", () => {
    const { status, stdout } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" })
    expect(stdout).toContain(`${rules.length} rules found`)
    expect(status).toBe(0)
  })
})

describe("the dashboard", () => {
  interface Dashboard {
    readonly panels: readonly {
      readonly id: number
      readonly title: string
      readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
      readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    }[]
  }
  const file = resolve(import.meta.dirname, "../../../packages/telemetry/grafana/kysely-resilient.json")
  const { panels }: Dashboard = JSON.parse(readFileSync(file, "utf8"))
  const targets = panels.flatMap(({ title, targets: asked = [] }) => asked.map((target) => ({ title, ...target })))
  /** Prometheus' own, of what it scrapes. */
  const OTHERS = new Set(["instance", "le"])

  it("asks for metrics that there are, by labels and values that they have, and shows no label that it has not kept", async () => {
    const advised: Source = {
      observe: (listener) => db.observe(listener),
      snapshot: () => db.snapshot(),
      health: () => db.health(),
      advise: () => [{ code: "pool-exhausted", severity: "warning" }],
    }
    // It counts from now on.
    metricsText(advised)
    await db.query("select 1")
    await db.query("select broken")
    await db.query("select pg_terminate_backend(pg_backend_pid())", [], { readOnly: true })
    const lines = scraped(metricsText(advised))
    expect(targets.length).toBeGreaterThan(30)
    for (const { title, expr, legendFormat } of targets) {
      const { metrics, grouped } = namedIn(expr)
      expect(metrics.length, title).toBeGreaterThan(0)
      for (const { name, matchers } of metrics) {
        const found = lines.filter((line) => line.name === name)
        expect(found, `${title}: ${name}`).not.toEqual([])
        const labels = new Set(found.flatMap((line) => Object.keys(line.labels)))
        for (const { label, by, value } of matchers) {
          expect(labels.has(label) || OTHERS.has(label), `${title}: ${name}{${label}}`).toBe(true)
          if (by !== "=") continue
          expect(
            found.some((line) => line.labels[label] === value),
            `${title}: ${name}{${label}="${value}"}`,
          ).toBe(true)
        }
        for (const label of grouped)
          expect(labels.has(label) || OTHERS.has(label), `${title}: ${name} by ${label}`).toBe(true)
      }
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label)
      expect(grouped, title).toEqual(expect.arrayContaining(shown))
    }
  })

  it("shows every metric that there is, but for limits that never change", async () => {
    await db.query("select broken")
    const shown = new Set(targets.flatMap(({ expr }) => namedIn(expr).metrics.map(({ name }) => name)))
    const families = [...metricsText(db).matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name)
    const missing = families.filter((name) => ![name, `${name}_bucket`].some((one) => shown.has(one)))
    expect(missing.toSorted()).toEqual([
      "db_client_connection_idle_max",
      "db_client_connection_idle_min",
      `${OWN}_observer_failures_total`,
      // The durations count them too.
      `${OWN}_queries_total`,
    ])
  })

  it("has panels that do not lie on each other", () => {
    const taken = new Map<string, string>()
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x} ${y}`), title).toBeUndefined()
          taken.set(`${x} ${y}`, title)
        }
      }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })
})

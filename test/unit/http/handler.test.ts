import { OptionsError } from "@kysely-resilient/core"
import { createHandler, type HandlerOptions } from "@kysely-resilient/http"
import { describe, expect, it } from "vitest"

import { bearer, settled, site, TOKEN } from "./support.ts"

const BASE = "/api/database-resilience"
const development = { env: { NODE_ENV: "development" } }

describe("the report", () => {
  it("is what db.report() says, byte for byte", async () => {
    const { db, get } = site({}, development)
    const response = await get(BASE)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(db.report())))
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(response.headers.get("content-type")).toBe("application/json")
  })

  it("is 503 with Retry-After when nothing succeeds, or the status that was asked for instead", async () => {
    for (const [options, status] of [
      [{}, 503],
      [{ criticalStatus: 200 }, 200],
    ] as const) {
      const { get, heard } = site(options)
      for (let failed = 0; failed < 5; failed += 1) heard(settled("query.failed", "select 1"))
      const response = await get(BASE)
      expect([response.status, response.headers.get("retry-after")]).toEqual([status, "5"])
      expect(await response.json()).toEqual({ status: "critical" })
      expect((await get("/livez")).status).toBe(200)
    }
  })

  it("keeps a database that is critical in service, unless told otherwise", async () => {
    const { get, heard } = site({ startup: false })
    const strict = site({ startup: false, readiness: { includeDatabase: true } })
    for (let failed = 0; failed < 5; failed += 1) {
      heard(settled("query.failed", "select 1"))
      strict.heard(settled("query.failed", "select 1"))
    }
    expect((await get("/readyz")).status).toBe(200)
    const response = await strict.get("/readyz")
    expect([response.status, await response.json()]).toEqual([503, { status: "unavailable" }])
  })

  it.each([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["application/health+json", "application/health+json"],
    ["application/json, application/health+json", "application/json"],
    ["application/json;q=0.5, application/health+json;q=0.9", "application/health+json"],
    ["application/health+json;q=0.5, */*", "application/json"],
    ["application/*;q=0.2, application/health+json;q=0.3", "application/health+json"],
    ["APPLICATION/HEALTH+JSON", "application/health+json"],
    ["application/json;q=0, application/health+json;q=0.001", "application/health+json"],
    ["text/html", "application/json"],
    ["", "application/json"],
    [";;;,,,/;q=x,application/health+json;q=2", "application/json"],
    ["application/health+json;q=nan, application/json", "application/json"],
    [`${"a/b,".repeat(100_000)}application/health+json`, "application/json"],
  ])("answers Accept %# in the form that it wants", async (accept, type) => {
    const { get } = site({}, development)
    const response = await get(BASE, accept === undefined ? {} : { accept })
    expect(response.headers.get("content-type")).toBe(type)
    expect(response.headers.get("vary")).toBe("accept")
  })

  it("answers the form that the query names, whatever Accept says, and refuses one that it does not know", async () => {
    const { get } = site({}, development)
    for (const format of ["health+json", "health%2Bjson"]) {
      const { headers } = await get(`${BASE}?format=${format}`, { accept: "application/json" })
      expect(headers.get("content-type")).toBe("application/health+json")
    }
    expect((await get(`${BASE}?format=json`, { accept: "application/health+json" })).headers.get("content-type")).toBe(
      "application/json",
    )
    expect((await get(`${BASE}?format=xml`)).status).toBe(400)
  })

  it("says pass as application/health+json, with a check for each thing that is measured", async () => {
    const { get } = site({}, development)
    const body = (await (await get(`${BASE}?format=health+json`)).json()) as Record<string, unknown>
    expect(body).toMatchObject({
      status: "pass",
      checks: { "database:connections": [{ observedUnit: "connections" }] },
    })
  })
})

describe("a path", () => {
  it.each(["HEAD", "GET"])("is answered %s alike, with a slash at its end too", async (method) => {
    const { get } = site({}, development)
    for (const path of [BASE, `${BASE}/`, `${BASE}//`, "/livez/", "/livez"]) {
      const response = await get(path, {}, method)
      expect(response.status).toBe(200)
      expect((await response.text()) === "").toBe(method === "HEAD")
    }
  })

  it("says what may be done there to OPTIONS, and to whoever does something else", async () => {
    const { get } = site({ actions: [{ name: "break", title: "Break it", run: () => {} }] }, development)
    for (const [path, allow] of [
      [BASE, "GET, HEAD, OPTIONS"],
      [`${BASE}/actions/break`, "POST, OPTIONS"],
    ] as const) {
      const options = await get(path, {}, "OPTIONS")
      expect([options.status, options.headers.get("allow"), await options.text()]).toEqual([204, allow, ""])
      const wrong = await get(path, {}, "DELETE")
      expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, allow])
    }
  })

  it("that is not its own is told apart, and is a 404", async () => {
    const { handler, get } = site()
    expect(handler.matches("/users")).toBe(false)
    expect(handler.matches(`${BASE}/`)).toBe(true)
    expect(handler.matches("/metrics")).toBe(false)
    expect((await get("/users")).status).toBe(404)
    expect((await get(`${BASE}/nothing`)).status).toBe(404)
  })

  it("is where the options want it", async () => {
    const metrics = { contentType: "text/plain", metrics: () => "up 1\n" }
    const { handler } = site({ basePath: "/ops/db/", probes: { live: "/alive" }, metrics, metricsPath: "/ops/metrics" })
    const here = ["/ops/db", "/ops/db/events", "/ops/db/ui", "/alive", "/readyz", "/ops/metrics"]
    expect(here.filter((path) => !handler.matches(path))).toEqual([])
    expect(handler.matches("/livez")).toBe(false)
    expect(site({ probes: false }).handler.matches("/readyz")).toBe(false)
  })
})

describe("whoever is not authorised", () => {
  it("sees the status and nothing else in production, in either form", async () => {
    const { get } = site({ token: TOKEN })
    expect(await (await get(BASE)).json()).toEqual({ status: "healthy" })
    expect(await (await get(`${BASE}?format=health+json`)).json()).toEqual({ status: "pass" })
  })

  it("is asked for the token everywhere else", async () => {
    const metrics = { contentType: "text/plain", metrics: () => "up 1\n" }
    const { get } = site({ token: TOKEN, metrics })
    for (const path of [`${BASE}/events`, `${BASE}/ui`, "/metrics"]) expect((await get(path)).status, path).toBe(401)
    expect((await get("/metrics")).headers.get("www-authenticate")).toMatch(/^Bearer/)
    expect((await site({ metrics }).get("/metrics")).status).toBe(403)
    for (const path of ["/livez", "/readyz", "/startupz"]) expect((await get(path)).status).not.toBe(401)
  })

  it.each([
    [`Bearer ${TOKEN}`, true],
    [`bearer  ${TOKEN} `, true],
    [`Bearer ${TOKEN}x`, false],
    [`Bearer ${TOKEN.slice(1)}`, false],
    ["Bearer ", false],
    ["Bearer", false],
    [`Basic ${TOKEN}`, false],
    [TOKEN, false],
  ])("shows %s", async (authorization, known) => {
    const { get } = site({ token: TOKEN })
    const body = await (await get(BASE, { authorization })).json()
    expect(Object.keys(body as object).includes("pool")).toBe(known)
  })

  it.each([
    ["says yes", () => true, true],
    ["says yes later", () => Promise.resolve(true), true],
    ["says no", () => false, false],
    ["forgets to say", () => undefined as unknown as boolean, false],
    ["says something else", () => "yes" as unknown as boolean, false],
    [
      "throws",
      () => {
        throw new Error("no session")
      },
      false,
    ],
    ["rejects", () => Promise.reject(new Error("no session")), false],
  ])("is asked about: authorize %s", async (_, authorize, known) => {
    const { get } = site({ authorize })
    const body = await (await get(BASE)).json()
    expect(Object.keys(body as object).includes("pool")).toBe(known)
  })

  it("is answered though authorize never does", async () => {
    const { get, clock } = site({ authorize: () => new Promise(() => {}) })
    const asked = get(BASE)
    await clock.advance(5_000)
    expect(await (await asked).json()).toEqual({ status: "healthy" })
  })

  it("gets in with a cookie that the page's form gave, for an hour", async () => {
    const { handler, get, clock } = site({ token: TOKEN })
    const enter = (token: string, origin = "http://app.test") =>
      handler(
        new Request(`http://app.test${BASE}/ui`, {
          method: "POST",
          headers: { host: "app.test", origin, "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ token }),
        }),
      )
    expect((await enter("wrong-token-wrong-token")).status).toBe(401)
    expect((await enter(TOKEN, "http://evil.test")).status).toBe(403)
    const entered = await enter(TOKEN)
    expect([entered.status, entered.headers.get("location")]).toEqual([303, "ui"])
    const set = entered.headers.get("set-cookie") ?? ""
    // For the directory of the form, wherever that is for the browser.
    expect(set).toMatch(/^[^;]+; Max-Age=3600; HttpOnly; SameSite=Strict$/)
    expect(set).not.toContain(TOKEN)
    const cookie = `theme=dark; ${set.split(";")[0]}`
    expect((await get(`${BASE}/ui`, { cookie })).status).toBe(200)
    expect((await get(`${BASE}/ui`, { cookie: cookie.replace(/=(\d)/, "=9$1") })).status).toBe(401)
    expect((await get(`${BASE}/ui`, { cookie: cookie.slice(0, -1) })).status).toBe(401)
    await clock.advance(3_600_001)
    expect((await get(`${BASE}/ui`, { cookie })).status).toBe(401)
  })

  it("cannot fill the memory with the form, nor break it in its middle", async () => {
    const { handler } = site({ token: TOKEN })
    const post = (body: ReadableStream | string) =>
      handler(
        new Request(`http://app.test${BASE}/ui`, {
          method: "POST",
          headers: { host: "app.test", origin: "http://app.test" },
          body,
          duplex: "half",
        }),
      )
    expect((await post(`token=${"x".repeat(100_000)}`)).status).toBe(401)
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) })
    expect((await post(broken)).status).toBe(401)
  })
})

describe("the page", () => {
  it("runs its own scripts and no others, and stands in nobody's frame", async () => {
    const { get } = site({}, development)
    const [one, other] = [await get(`${BASE}/ui`), await get(`${BASE}/ui`)]
    const nonce = /'nonce-([^']+)'/.exec(one.headers.get("content-security-policy") ?? "")?.[1] ?? ""
    expect(nonce).toHaveLength(24)
    expect(other.headers.get("content-security-policy")).not.toContain(nonce)
    expect(one.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(one.headers.get("x-frame-options")).toBe("DENY")
    const text = await one.text()
    expect(text.match(/<(?:script|style)[^>]*>/g)?.every((tag) => tag.includes(`nonce="${nonce}"`))).toBe(true)
    expect(text).not.toContain("NONCE__")
  })

  it("is sent to where its relative URLs are right", async () => {
    const response = await site({}, development).get(`${BASE}/ui/`)
    expect([response.status, response.headers.get("location")]).toEqual([308, "../ui"])
  })
})

describe("an action", () => {
  const pressed: string[] = []
  const actions = [
    { name: "hurt", title: "Hurt it", run: () => void pressed.push("hurt") },
    { name: "ask", title: "Ask it", run: () => Promise.resolve({ busy: true }) },
    { name: "fail", title: "Fail", run: () => Promise.reject(new Error("password=secret")) },
  ]
  const press = (made: ReturnType<typeof site>, name: string, headers: Record<string, string>) =>
    made.get(`${BASE}/actions/${name}`, headers, "POST")

  it("is not there unless somebody has given it", async () => {
    expect((await press(site({}, development), "hurt", {})).status).toBe(404)
  })

  it("is done for the token, and for a page of our own, and for nobody else", async () => {
    pressed.length = 0
    const made = site({ token: TOKEN, actions })
    expect((await press(made, "hurt", bearer)).status).toBe(202)
    expect((await press(made, "hurt", {})).status).toBe(401)
    expect((await press(made, "hurt", { origin: "http://app.test" })).status).toBe(401)
    expect(pressed).toEqual(["hurt"])
    expect((await made.get(`${BASE}/actions/hurt`, bearer)).status).toBe(405)
    const trusting = site({ authorize: () => true, actions })
    expect((await press(trusting, "hurt", { origin: "http://app.test" })).status).toBe(202)
    for (const origin of ["http://evil.test", "null", "http://app.test.evil.test", "file://app.test"])
      expect((await press(trusting, "hurt", { origin })).status, origin).toBe(403)
    expect((await press(trusting, "hurt", {})).status).toBe(403)
    expect(pressed).toHaveLength(2)
    // A proxy may have asked by another name than the browser; and what a browser says of itself outweighs names that agree.
    const proxied = { host: "upstream:3000", origin: "https://app.test" }
    expect((await press(trusting, "hurt", { ...proxied, "sec-fetch-site": "same-origin" })).status).toBe(202)
    for (const fetchSite of ["cross-site", "same-site", "none"]) {
      const said = { origin: "http://app.test", "sec-fetch-site": fetchSite }
      expect((await press(trusting, "hurt", said)).status, fetchSite).toBe(403)
    }
    expect(pressed).toHaveLength(3)
  })

  it("is done for this machine alone where everybody may look", async () => {
    const made = site({ actions }, development)
    expect((await press(made, "hurt", { origin: "http://app.test" })).status).toBe(403)
    const local = { host: "127.0.0.1:3000", origin: "http://127.0.0.1:3000" }
    expect((await press(made, "hurt", local)).status).toBe(202)
  })

  it("tells what it said, and not what it threw", async () => {
    const made = site({ token: TOKEN, actions })
    expect(await (await press(made, "ask", bearer)).json()).toEqual({ action: "ask", said: { busy: true } })
    const failed = await press(made, "fail", bearer)
    expect([failed.status, (await failed.text()).includes("secret")]).toEqual([500, false])
  })
})

describe("metrics", () => {
  it("are what the registry says", async () => {
    const metrics = { contentType: "text/plain; version=0.0.4", metrics: () => Promise.resolve("up 1\n") }
    const response = await site({ metrics, token: TOKEN }).get("/metrics", bearer)
    expect([response.headers.get("content-type"), await response.text()]).toEqual([
      "text/plain; version=0.0.4",
      "up 1\n",
    ])
  })

  it("that cannot be collected, or never are, are a 503", async () => {
    const throwing = { contentType: "text/plain", metrics: () => Promise.reject(new Error("secret")) }
    expect((await site({ metrics: throwing }, development).get("/metrics")).status).toBe(503)
    const { get, clock } = site(
      { metrics: { contentType: "text/plain", metrics: () => new Promise<string>(() => {}) } },
      development,
    )
    const asked = get("/metrics")
    await clock.advance(5_000)
    expect((await asked).status).toBe(503)
  })
})

describe("options", () => {
  it("that are wrong are refused all at once, each with what to do", () => {
    const { db } = site()
    const wrong = {
      basePath: "api",
      probes: { live: "/a?b", alive: "/x" },
      token: "short",
      authorize: "yes",
      expose: "everything",
      criticalStatus: 99,
      metrics: {},
      readiness: { includeDatabase: 1 },
      startup: () => {},
      actions: [
        { name: "A B", title: 1 },
        { name: "a", title: "A", run: () => {} },
        { name: "a", title: "A", run: () => {} },
      ],
      streamClientsMax: -1,
      basepath: "/x",
    } as unknown as HandlerOptions
    let thrown: unknown
    try {
      createHandler(db, wrong)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(OptionsError)
    const paths = (thrown as OptionsError).problems.map(({ path }) => path)
    expect(paths.toSorted()).toEqual(
      [
        "basepath",
        "basePath",
        "probes.live",
        "probes.alive",
        "token",
        "authorize",
        "expose",
        "criticalStatus",
        "metrics",
        "readiness.includeDatabase",
        "startup",
        "actions[0].name",
        "actions[0].title",
        "actions[0].run",
        "actions[2].name",
        "streamClientsMax",
      ].toSorted(),
    )
    expect((thrown as OptionsError).message).not.toContain("short")
  })

  it("cannot show everything to everybody in production", () => {
    expect(() => site({ expose: "full" })).toThrow(/expose: shows everybody everything/)
    expect(() => site({ expose: "full" }, { env: {} })).not.toThrow()
  })

  it("show everything in development, unless they say how to authorise", async () => {
    const body = await (await site({ token: TOKEN }, development).get(BASE)).json()
    expect(body).toEqual({ status: "healthy" })
    expect(await (await site({}, { env: {} }).get(BASE)).json()).toEqual({ status: "healthy" })
  })
})

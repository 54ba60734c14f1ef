import { describe, expect, it } from "vitest"

import { problemsOf, resolved, settingsOf, systemWith } from "./fake-system.ts"

describe("where to connect", () => {
  it("is complete, so that pg has nothing to add", () => {
    const { password, ...settings } = settingsOf({ connection: "postgres://u:p@h:1/d" })
    expect(settings).toEqual({
      host: "h",
      port: 1,
      user: "u",
      database: "d",
      passwordMayChange: false,
      tls: { attempts: ["plain"] },
      channelBinding: "disable",
      applicationName: undefined,
      options: undefined,
      keepAlive: true,
      keepAliveDelayMs: 10_000,
      label: "h:1/d",
    })
    expect(password).toBeTypeOf("function")
  })

  it.each<[string, unknown, Record<string, string>, object]>([
    ["DATABASE_URL", {}, { DATABASE_URL: "postgres://u@h:1/d" }, { host: "h", port: 1, user: "u", database: "d" }],
    [
      "PG*",
      {},
      { PGHOST: "h", PGPORT: "1", PGUSER: "u", PGDATABASE: "d" },
      { host: "h", port: 1, user: "u", database: "d" },
    ],
    [
      "libpq's defaults behind one of PG*",
      {},
      { PGHOST: "h" },
      { host: "h", port: 5432, user: "osuser", database: "osuser" },
    ],
    ["the user's name for the database", {}, { PGUSER: "u" }, { host: "localhost", user: "u", database: "u" }],
    [
      "PG* for what DATABASE_URL leaves open",
      {},
      { DATABASE_URL: "postgres://h", PGUSER: "u", PGHOST: "no" },
      { host: "h", user: "u" },
    ],
    [
      "PG* for what a connection string leaves open",
      { connection: "dbname=d" },
      { PGHOST: "h", PGDATABASE: "no" },
      { host: "h", database: "d" },
    ],
    [
      "PG* for what an object leaves open",
      { connection: { host: "h" } },
      { PGPORT: "1", PGHOST: "no" },
      { host: "h", port: 1 },
    ],
    [
      "the option and not DATABASE_URL",
      { connection: "postgres://h/d" },
      { DATABASE_URL: "postgres://no/no" },
      { host: "h", database: "d" },
    ],
    [
      "the object and not DATABASE_URL, if it names a place",
      { connection: { database: "d" } },
      { DATABASE_URL: "postgres://no/no" },
      { host: "localhost", database: "d" },
    ],
    [
      "DATABASE_URL below an object that names none",
      { connection: { applicationName: "a" } },
      { DATABASE_URL: "postgres://h/d" },
      { host: "h", database: "d", applicationName: "a" },
    ],
    ["an empty object as none at all", { connection: {} }, { DATABASE_URL: "postgres://h/d" }, { host: "h" }],
    [
      "the object before its connectionString",
      { connection: { connectionString: "postgres://a:b@h/d", user: "u" } },
      {},
      { host: "h", user: "u", database: "d" },
    ],
    [
      "a parameter before what stands before the ?",
      { connection: "postgres://u@localhost/d?host=/cloudsql/x" },
      {},
      { host: "/cloudsql/x" },
    ],
    [
      "an empty variable as one that is not set",
      {},
      { DATABASE_URL: "", PGHOST: "h", PGPORT: "" },
      { host: "h", port: 5432 },
    ],
    [
      "libpq's default for a host that is given and empty",
      { connection: "user=u host=''" },
      { PGHOST: "no" },
      { host: "localhost", user: "u" },
    ],
  ])("comes from %s", (_, options, env, settings) => {
    expect(settingsOf(options, env)).toMatchObject(settings)
  })

  it.each([
    ["h", "h:5432/osuser"],
    ["127.0.0.1", "127.0.0.1:5432/osuser"],
    ["::1", "[::1]:5432/osuser"],
    ["/var/run/postgresql", "/var/run/postgresql:5432/osuser"],
  ])("is called by a label without secrets: %s", (host, label) => {
    expect(settingsOf({ connection: { host, password: "secret" } }).label).toBe(label)
  })

  it("can be an address to dial beside the name to verify", () => {
    const { host, tls } = settingsOf({
      connection: "postgres://db.example.org/d?hostaddr=10.0.0.1&sslmode=verify-full&sslrootcert=system",
    })
    expect(host).toBe("10.0.0.1")
    expect(tls.tls).toMatchObject({ servername: "db.example.org", host: "db.example.org" })
  })
})

describe("a place that nobody named", () => {
  it("is no error yet, but the first operation's failure, which says what to set", () => {
    const { connection } = resolved({})
    expect(connection).toEqual({
      ok: false,
      failure: {
        kind: "configuration",
        blame: "client",
        retry: "never",
        pace: "slow",
        connection: "keep",
        effect: "not_applied",
        origin: "client",
        phase: "connect",
        message:
          "No database is configured: there is no connection option, and of DATABASE_URL, PGHOST, PGHOSTADDR, PGPORT, PGUSER, PGDATABASE none is set. " +
          "Set DATABASE_URL=postgres://user:password@host:5432/database, or give the connection option.",
      },
    })
  })

  it("stays unnamed when only a password, a mode or an application name is given", () => {
    const env = { PGPASSWORD: "p", PGSSLMODE: "require", PGAPPNAME: "a" }
    expect(resolved({ connection: { applicationName: "b" } }, env).connection.ok).toBe(false)
  })

  it.each<[string, object, string]>([
    ["connection", { connection: undefined }, "undefined"],
    ["connection", { connection: "" }, "an empty string"],
    ["connection.connectionString", { connection: { connectionString: undefined } }, "undefined"],
    ["connection.connectionString", { connection: { connectionString: "", user: "u" } }, "an empty string"],
  ])("is not looked for elsewhere when %s was given and is empty: %o", (path, options, what) => {
    const { connection } = resolved(options, { DATABASE_URL: "postgres://production/", PGHOST: "production" })
    expect(connection).toMatchObject({ ok: false, failure: { kind: "configuration" } })
    expect(connection.ok ? "" : connection.failure.message).toContain(`the option ${path} was given, but it is ${what}`)
  })
})

describe("a connection's parameters", () => {
  it.each<[string, unknown, Record<string, string>, object]>([
    ["application_name", "postgres://h?application_name=a", { PGAPPNAME: "no" }, { applicationName: "a" }],
    ["PGAPPNAME", "postgres://h", { PGAPPNAME: "a" }, { applicationName: "a" }],
    ["fallback_application_name", "postgres://h?fallback_application_name=a", {}, { applicationName: "a" }],
    [
      "application_name before the fallback",
      "postgres://h?fallback_application_name=no",
      { PGAPPNAME: "a" },
      { applicationName: "a" },
    ],
    ["options", "postgres://h?options=-c%20a%3Db", {}, { options: "-c a=b" }],
    ["PGOPTIONS", "postgres://h", { PGOPTIONS: "-c a=b" }, { options: "-c a=b" }],
    ["client_encoding", "postgres://h?client_encoding=utf8", {}, { options: "-c client_encoding=UTF8" }],
    [
      "PGTZ behind options, where it wins",
      "postgres://h?options=-c%20a%3Db",
      { PGTZ: "Europe/Berlin" },
      { options: "-c a=b -c timezone=Europe/Berlin" },
    ],
    ["PGTZ with a space", "postgres://h", { PGTZ: "a b" }, { options: String.raw`-c timezone=a\ b` }],
    ["PGTZ that says default", "postgres://h", { PGTZ: "default" }, { options: undefined }],
    ["PGDATESTYLE", "postgres://h", { PGDATESTYLE: "ISO, DMY" }, { options: String.raw`-c datestyle=ISO,\ DMY` }],
    ["PGGEQO", "postgres://h", { PGGEQO: "off" }, { options: "-c geqo=off" }],
    ["keepalives", "postgres://h?keepalives=0", {}, { keepAlive: false }],
    ["keepalives_idle", "postgres://h?keepalives_idle=30", {}, { keepAlive: true, keepAliveDelayMs: 30_000 }],
    ["channel_binding", "postgres://h?sslmode=require&channel_binding=prefer", {}, { channelBinding: "prefer" }],
    ["PGCHANNELBINDING", "postgres://h?sslmode=require", { PGCHANNELBINDING: "prefer" }, { channelBinding: "prefer" }],
    ["target_session_attrs=any", "postgres://h?target_session_attrs=any", {}, { host: "h" }],
    ["gssencmode=prefer", "postgres://h?gssencmode=prefer", {}, { host: "h" }],
    ["uselibpqcompat=true", "postgres://h?uselibpqcompat=true", {}, { host: "h" }],
    ["ssl=false", "postgres://h?ssl=false", { PGSSLMODE: "require" }, { tls: { attempts: ["plain"] } }],
    ["ssl=true beside an sslmode", "postgres://h?ssl=true&sslmode=require", {}, { tls: { attempts: ["tls"] } }],
    ["a number with white space, as libpq", "port=' 1 '", {}, { port: 1 }],
  ])("are understood: %s", (_, connection, env, settings) => {
    expect(settingsOf({ connection }, env)).toMatchObject(settings)
  })

  it("are understood in the object's words", () => {
    const connection = {
      host: "h",
      applicationName: "a",
      options: "-c a=b",
      keepAlive: false,
      sslmode: "require",
      channelBinding: "require",
    }
    expect(settingsOf({ connection }, { PGAPPNAME: "no", PGOPTIONS: "no" })).toMatchObject({
      applicationName: "a",
      options: "-c a=b",
      keepAlive: false,
      channelBinding: "require",
    })
  })

  it.each<[string, Record<string, string>, object, number]>([
    ["postgres://h?connect_timeout=3", {}, {}, 3_000],
    ["postgres://h", { PGCONNECT_TIMEOUT: "4" }, {}, 4_000],
    ["postgres://h?connect_timeout=3", { PGCONNECT_TIMEOUT: "4" }, { connectMs: 1 }, 1],
    ["postgres://h", {}, {}, 5_000],
  ])("bound the opening of a connection: %s with %o and %o", (connection, env, timeouts, connectMs) => {
    expect(resolved({ connection, timeouts }, env).timeouts.connectMs).toBe(connectMs)
  })

  it("never let channel_binding=require fall back to a plain connection", () => {
    const { tls } = settingsOf({ connection: "postgres://h?sslmode=prefer&channel_binding=require" })
    expect(tls.attempts).toEqual(["tls"])
  })

  it.each([
    ["sslmode=verfy-full", "has a value that libpq does not know", 'Did you mean "verify-full"?'],
    ["sslmode=no-verify", "has a value that libpq does not know", "sslmode=require"],
    ["connect_timeout=0", "is out of range or no number", "from 1 to 86400"],
    ["connect_timeout=5s", "is out of range or no number", "from 1 to 86400"],
    ["port=0", "is out of range or no number", "from 1 to 65535"],
    ["port=65536", "is out of range or no number", "from 1 to 65535"],
    ["client_encoding=LATIN1", "is not UTF8", "UTF8"],
    ["keepalives=2", "has a value that libpq does not know", '"0" or "1"'],
    ["keepalives_count=3", "is not supported: Node cannot set it", "Leave it out"],
    ["hostaddr=example.org", "is no IP address", "Give one address"],
    ["host=a,b", "names several hosts", "Give one host"],
    ["target_session_attrs=read-write", 'can only be "any"', "Leave it out"],
    ["load_balance_hosts=random", 'can only be "disable"', "Leave it out"],
    ["sslnegotiation=direct", 'can only be "postgres"', "Leave it out"],
    ["sslsni=0", 'can only be "1"', "Leave it out"],
    ["gssencmode=require", 'can only be "disable" or "prefer"', "Leave it out"],
    ["replication=database", 'can only be "false"', "Leave it out"],
    ["service=mine", "is not supported", "Write the service's settings"],
    ["require_auth=scram-sha-256", "is not supported", "channel_binding=require"],
    ["requirepeer=postgres", "is not supported", "Leave it out"],
    ["sslcrldir=/x", "is not supported", "sslcrl"],
    ["min_protocol_version=3.2", 'can only be "3.0"', "Leave it out"],
    ["channel_binding=require", "needs TLS", "sslmode"],
  ])("are refused with a reason: %s", (pair, problem, hint) => {
    const [keyword = "", value = ""] = pair.split("=")
    const found = problemsOf({ connection: `postgres:///d?${keyword}=${encodeURIComponent(value)}` })
    expect(found).toHaveLength(1)
    expect(found[0]?.path).toBe("connection")
    expect(found[0]?.problem).toContain(`${keyword} `)
    expect(found[0]?.problem).toContain(problem)
    expect(found[0]?.hint).toContain(hint)
  })

  it.each([
    ["pgbouncer=true", "Prisma's"],
    ["schema=app", "search_path"],
    ["connection_limit=5", "pool: { max: 10 }"],
    ["statement_timeout=5", "options=-c"],
    ["sslmod=require", "Did you mean sslmode?"],
    ["sslMode=require", "Did you mean sslmode?"],
    ["colour=red", "Remove it"],
  ])("are refused when libpq has none of that name: %s", (pair, hint) => {
    const [problem, ...more] = problemsOf({ connection: `postgres:///d?${pair}` })
    expect(more).toEqual([])
    expect(problem?.problem).toBe(`has a parameter "${pair.split("=")[0]}" that PostgreSQL's clients do not know`)
    expect(problem?.hint).toContain(hint)
  })

  it("are not quoted where an unknown one may be the rest of a password", () => {
    const [problem] = problemsOf({ connection: "host=h password=my s3cret=x" })
    expect(problem?.problem).toContain("its name is not shown")
    expect(problemsOf({ connection: "postgres://h/d?password=my&s3cret=x" })).toEqual([problem])
    expect(problemsOf({ connection: "host=h password=p schema=x" })[0]?.problem).toContain('"schema"')
  })

  it.each([
    ["ssl=true", "so it is not clear what is wanted"],
    ["ssl=1", "so it is not clear what is wanted"],
    ["ssl=no-verify", "so it is not clear what is wanted"],
    ["ssl=true&sslmode=disable", "contradict each other"],
    ["ssl=false&sslmode=require", "contradict each other"],
    ["sslmode=require&ssl=0", "contradict each other"],
    ["uselibpqcompat=false", "do not know"],
  ])("are refused when it is not clear what is meant: %s", (query, problem) => {
    const found = problemsOf({ connection: `postgres:///d?${query}` })
    expect(found.map((each) => each.problem)).toEqual([expect.stringContaining(problem)])
  })

  it.each<[string, string, string]>([
    ["PGPORT", "http", "is out of range or no number"],
    ["PGSSLMODE", "on", "has a value that libpq does not know"],
    ["PGTARGETSESSIONATTRS", "primary", 'can only be "any"'],
    ["PGSERVICE", "mine", "is not supported"],
    ["PGREQUIREAUTH", "password", "is not supported"],
    ["PGDATESTYLE", "German", "is not ISO"],
    ["PGCLIENTENCODING", "LATIN1", "is not UTF8"],
    ["PGCONNECT_TIMEOUT", "-1", "is out of range or no number"],
    ["DATABASE_URL", "postgres://h:x/", "has a port that is no number"],
  ])("are refused by the variable's name: %s=%s", (name, value, problem) => {
    const found = problemsOf({}, { PGUSER: "u", [name]: value })
    expect(found).toHaveLength(1)
    expect(found[0]?.path).toBe(name)
    expect(found[0]?.problem).toContain(problem)
  })

  it("are not complained about where something stronger wins", () => {
    const env = { PGPORT: "http", PGSSLMODE: "on", PGCLIENTENCODING: "LATIN1" }
    expect(problemsOf({ connection: "postgres://h:1/d?sslmode=disable&client_encoding=UTF8" }, env)).toEqual([])
  })

  it.each([
    ["host", "postgres://h/d", "is a URL"],
    ["host", "user@h", "holds a character that no host name has"],
    ["host", "h:5432/d", "holds a character that no host name has"],
    ["host", "a,b", "names several hosts, which this driver cannot use yet"],
    ["host", "a\0b", "holds a NUL character, which PostgreSQL cannot take"],
    ["host", 5, "is 5"],
    ["port", "5432", "is a string"],
    ["port", 0, "is 0"],
    ["password", 5, "is 5"],
    ["user", null, "is null"],
    ["connectionString", 5, "is 5"],
    ["channelBinding", "always", 'is "always"'],
    ["ssl", "yes", "is a string"],
  ])("are refused in the object: %s is %o", (key, value, problem) => {
    const found = problemsOf({ connection: { database: "d", [key]: value } })
    expect(found.map((each) => [each.path, each.problem])).toEqual([[`connection.${key}`, problem]])
  })

  it("need a user from somewhere", () => {
    const nobody = systemWith({}, { userName: () => undefined })
    expect(problemsOf({ connection: "postgres://h" }, {}, nobody).map(({ path }) => path)).toEqual(["connection.user"])
    expect(settingsOf({ connection: "postgres://u@h" }, {}, nobody).user).toBe("u")
  })
})

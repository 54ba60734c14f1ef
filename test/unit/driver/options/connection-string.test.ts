import { parseConnectionString } from "@kysely-resilient/driver/src/options/connection-string.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

function valuesOf(text: string): Record<string, string> | string {
  const parsed = parseConnectionString(text)
  return parsed.ok ? Object.fromEntries(parsed.values) : parsed.unreadable.problem
}

describe("a postgres:// URL", () => {
  it.each<[string, Record<string, string>]>([
    // The examples of the manual, 32.1.1.2.
    ["postgresql://", {}],
    ["postgresql://localhost", { host: "localhost" }],
    ["postgresql://localhost:5433", { host: "localhost", port: "5433" }],
    ["postgresql://localhost/mydb", { host: "localhost", dbname: "mydb" }],
    ["postgresql://user@localhost", { user: "user", host: "localhost" }],
    ["postgresql://user:secret@localhost", { user: "user", password: "secret", host: "localhost" }],
    ["postgresql:///mydb?host=localhost&port=5433", { dbname: "mydb", host: "localhost", port: "5433" }],
    ["postgresql://[2001:db8::1234]/database", { host: "2001:db8::1234", dbname: "database" }],
    ["postgresql:///dbname?host=/var/lib/postgresql", { dbname: "dbname", host: "/var/lib/postgresql" }],
    ["postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", { host: "/var/lib/postgresql", dbname: "dbname" }],
    // More.
    ["postgres://u:p@h:1/d", { user: "u", password: "p", host: "h", port: "1", dbname: "d" }],
    ["postgres://[::1]:5433/d", { host: "::1", port: "5433", dbname: "d" }],
    ["postgres://[fe80::1%25eth0]/d", { host: "fe80::1%eth0", dbname: "d" }],
    ["postgres://h/", { host: "h" }],
    ["postgres://h?sslmode=require", { host: "h", sslmode: "require" }],
    ["postgres://h/?sslmode=require", { host: "h", sslmode: "require" }],
    ["postgres://h/d?", { host: "h", dbname: "d" }],
    ["postgres://:p@h", { password: "p", host: "h" }],
    ["postgres://u:@h", { user: "u", host: "h" }],
    [
      "postgres://u%40tenant:a%2Fb%3Ac%25@h/my%20db",
      { user: "u@tenant", password: "a/b:c%", host: "h", dbname: "my db" },
    ],
    ["postgres://u:p:q@h", { user: "u", password: "p:q", host: "h" }],
    ["postgres://u:p@ss@h", { user: "u", password: "p@ss", host: "h" }],
    ["postgres://u:p?q#r@h", { user: "u", password: "p?q#r", host: "h" }],
    ["postgres://u:é@h", { user: "u", password: "é", host: "h" }],
    ["postgres://h/a/b", { host: "h", dbname: "a/b" }],
    ["postgres://h/d?options=-c%20search_path%3Dapp", { host: "h", dbname: "d", options: "-c search_path=app" }],
    ["postgres://h/d?application_name=a+b", { host: "h", dbname: "d", application_name: "a+b" }],
    ["postgres://u:p@localhost/d?host=/cloudsql/x", { user: "u", password: "p", dbname: "d", host: "/cloudsql/x" }],
    ["postgres://h/d?sslmode=require&sslmode=require", { host: "h", dbname: "d", sslmode: "require" }],
    ["postgres://h/d?host=", { host: "", dbname: "d" }],
  ])("%s is read as libpq reads it", (text, values) => {
    expect(valuesOf(text)).toEqual(values)
  })

  it.each([
    ["postgres://a,b/d", "names several hosts, which this driver cannot use yet"],
    ["postgres://a:1,b:2/d", "names several hosts, which this driver cannot use yet"],
    ["postgres://::1/d", "has more than one colon in its host"],
    ["postgres://[::1/d", "has a bracket in its host that belongs to no IPv6 address"],
    ["postgres://[::1]x/d", "has a bracket in its host that belongs to no IPv6 address"],
    ["postgres://h:http/d", "has a port that is no number"],
    ["postgres://u:pa/ss@h/d", "has an unencoded @ behind the host"],
    ["postgres://u:1/2@h/d", "has an unencoded @ behind the host"],
    ["postgres://u:1/d?x@h", "has an unencoded @ behind the host"],
    ["postgres://u:100%@h/d", "has a % that does not begin a percent-encoded UTF-8 character"],
    ["postgres://u:%zz@h/d", "has a % that does not begin a percent-encoded UTF-8 character"],
    ["postgres://u:%ff@h/d", "has a % that does not begin a percent-encoded UTF-8 character"],
    ["postgres://u:a%00b@h/d", "has a % that does not begin a percent-encoded UTF-8 character"],
    ["postgres://h/d?sslmode", "has no name=value in parameter 1 behind the ?"],
    ["postgres://h/d?a=b&", "has no name=value in parameter 2 behind the ?"],
    ["postgres://h/d?options=-c a=b", "has a second = in parameter 1 behind the ?"],
    ["postgres://h/d?sslmode=%", "has a stray % in parameter 1 behind the ?"],
    [
      "postgres://h/d?sslmode=disable&sslmode=require",
      "has two different values for one name, the second in parameter 2 behind the ?",
    ],
  ])("%s is refused: %s", (text, problem) => {
    expect(valuesOf(text)).toBe(problem)
  })
})

describe("keyword=value pairs", () => {
  it.each<[string, Record<string, string>]>([
    [
      "host=localhost port=5432 dbname=mydb connect_timeout=10",
      { host: "localhost", port: "5432", dbname: "mydb", connect_timeout: "10" },
    ],
    ["host = localhost  port= 5432", { host: "localhost", port: "5432" }],
    ["dbname='a b'", { dbname: "a b" }],
    [String.raw`password='it\'s a \\' user=u`, { password: String.raw`it's a \ `.trimEnd(), user: "u" }],
    [String.raw`password=a\ b user=u`, { password: "a b", user: "u" }],
    ["password='' user=u", { password: "", user: "u" }],
    ["user=", { user: "" }],
    ["password=a=b", { password: "a=b" }],
    ["password==", { password: "=" }],
    ["password=a'b", { password: "a'b" }],
    ["dbname='a\nb'", { dbname: "a\nb" }],
    ["user=u user=u", { user: "u" }],
  ])("%s is read as libpq reads it", (text, values) => {
    expect(valuesOf(text)).toEqual(values)
  })

  it.each([
    ["password=my secret host=h", "has no keyword=value in pair 2"],
    ["=x", "has no keyword=value in pair 1"],
    ["password='open", "has a value in pair 1 that cannot be read"],
    ["user=u password='a'b", "has a value in pair 2 that cannot be read"],
    [String.raw`user=u\ `.trimEnd(), "has a value in pair 1 that cannot be read"],
    ["user=a user=b", "has two different values for one keyword, the second in pair 2"],
  ])("%s is refused: %s", (text, problem) => {
    expect(valuesOf(text)).toBe(problem)
  })
})

describe("what is no connection string", () => {
  it.each([
    ["localhost", "is neither a postgres:// URL nor made of keyword=value pairs"],
    [" postgres://h/d", "begins or ends with white space"],
    ["postgres://h/d\n", "begins or ends with white space"],
    ['"postgres://h/d"', "begins with a quotation mark"],
    ["jdbc:postgresql://h/d", "is a JDBC URL"],
    ["postgresql+asyncpg://h/d", "names a driver of SQLAlchemy"],
    ["prisma+postgres://accelerate", "is a Prisma Accelerate URL"],
    ["mysql://h/d", "is not a PostgreSQL URL"],
    ["https://h/d?a=b", "is not a PostgreSQL URL"],
    ["socket:/tmp?db=d", "is pg's own form of a Unix socket"],
    ["/tmp d", "is pg's own form of a Unix socket"],
    ["postgres:h", "lacks the // after the colon, or has capitals before it"],
    ["POSTGRES://h/d", "lacks the // after the colon, or has capitals before it"],
    ["postgres://h/d\0", "holds a NUL character"],
  ])("%s is refused: %s", (text, problem) => {
    expect(valuesOf(text)).toBe(problem)
  })
})

/** Well-formed text without NUL, which neither form can hold. */
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((value) => !value.includes("\0"))
const parts = fc.record({ user: text, password: text, host: text, dbname: text, options: text })

describe("property: a connection string", () => {
  it("gives back what was percent-encoded into a URL", () => {
    fc.assert(
      fc.property(parts, ({ user, password, host, dbname, options }) => {
        const [u, p, h, d, o] = [user, password, host, dbname, options].map(encodeURIComponent)
        expect(valuesOf(`postgresql://${u}:${p}@${h}/${d}?options=${o}`)).toEqual({
          user,
          password,
          host,
          dbname,
          options,
        })
      }),
    )
  })

  it("gives back what was quoted into pairs", () => {
    fc.assert(
      fc.property(parts, (values) => {
        const quoted = Object.entries(values).map(
          ([key, value]) => `${key}='${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`,
        )
        expect(valuesOf(quoted.join(" "))).toEqual(values)
      }),
    )
  })
})

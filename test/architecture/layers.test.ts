import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import { describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "../..")

interface Import {
  readonly from: string
  readonly to: string
}

/** Every import of a package's sources, types included, by path from its `src`; those of other packages by name. */
function importsOf(name: string): Import[] {
  const source = join(root, "packages", name, "src")
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
  return files.flatMap((file) => {
    const text = readFileSync(join(source, file), "utf8")
    return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, to = ""]) => ({
      from: file,
      to: to.startsWith(".") ? relative(source, resolve(source, dirname(file), to)) : to,
    }))
  })
}

function folderOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "."
}

const DRIVER_LAYERS = [
  "foundation",
  "failure",
  "telemetry",
  "policy",
  "pool",
  "postgres",
  "resolution",
  "execution",
  "pg-pool",
  "kysely",
  "options",
  ".",
]

describe("driver", () => {
  const imports = importsOf("driver")

  it("has imports to look at", () => expect(imports.length).toBeGreaterThan(100))

  it("imports down or within its own folder, types included", () => {
    // The contract between the driver and whoever stands on it is a root file of types that the layers below implement.
    const contract = new Set(["engine.ts", "snapshot.ts"])
    const wrong = imports.filter(({ from, to }) => {
      if (!to.endsWith(".ts") || contract.has(to)) return false
      const [mine, theirs] = [DRIVER_LAYERS.indexOf(folderOf(from)), DRIVER_LAYERS.indexOf(folderOf(to))]
      return mine < 0 || theirs < 0 || theirs > mine
    })
    expect(wrong).toEqual([])
  })

  it("uses values of pg in one folder, and its types also where a pg.Pool is what is offered", () => {
    const outside = imports.filter(({ from, to }) => to === "pg" && !from.startsWith("postgres/"))
    const source = join(root, "packages/driver/src")
    const wrong = outside.filter(({ from }) => {
      const typesOnly = /import type [^;]*? from "pg"/s.test(readFileSync(join(source, from), "utf8"))
      return !typesOnly || !(from.startsWith("pg-pool/") || from === "resilient-pool.ts")
    })
    expect(wrong).toEqual([])
  })

  it("needs pg's types for nothing but that", () => {
    const above = imports.filter(({ from, to }) => to.startsWith("pg-pool/") && !from.startsWith("pg-pool/"))
    expect(new Set(above.map(({ from }) => from))).toEqual(new Set(["resilient-pool.ts"]))
  })

  it("uses values of kysely in one folder, types anywhere", () => {
    const values = imports.filter(({ from, to }) => to === "kysely" && !from.startsWith("kysely/"))
    const source = join(root, "packages/driver/src")
    const wrong = values.filter(
      ({ from }) => !/import type [^;]*? from "kysely"/s.test(readFileSync(join(source, from), "utf8")),
    )
    expect(wrong).toEqual([])
  })

  it("reads no clock and rolls no dice but through parameters", () => {
    const source = join(root, "packages/driver/src")
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    const wrong = files.filter((file) => {
      if (file === "foundation/clock.ts" || file === "assemble.ts") return false
      return /\bDate\.now\(|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|performance\.now\(/.test(
        readFileSync(join(source, file), "utf8"),
      )
    })
    expect(wrong).toEqual([])
  })
})

describe("every package", () => {
  const names = readdirSync(join(root, "packages"))

  it.each(names)("%s has no import cycle, types included", (name) => {
    const edges = new Map<string, string[]>()
    for (const { from, to } of importsOf(name)) {
      if (to.endsWith(".ts")) edges.set(from, [...(edges.get(from) ?? []), to])
    }
    expect(findCycle(edges)).toBeUndefined()
  })

  it.each(names)("%s lists its public names one by one", (name) => {
    const source = join(root, "packages", name, "src")
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    expect(files.filter((file) => /^export \* /m.test(readFileSync(join(source, file), "utf8")))).toEqual([])
  })
})

function findCycle(edges: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>()
  const walk = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of edges.get(file) ?? []) {
      const cycle = walk(next, [...path, file])
      if (cycle !== undefined) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of edges.keys()) {
    const cycle = walk(file, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

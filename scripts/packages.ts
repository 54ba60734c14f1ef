import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

import { root } from "./docs/pages.ts"

/** What is published, by the name of its folder. */
export const packages: readonly string[] = readdirSync(join(root, "packages")).toSorted()

/** Packs a package as it would be published, and says where; its `dist` must be built. */
export function pack(name: string, into: string): string {
  const run = spawnSync("npx", ["-y", "pnpm@12", "pack", "--pack-destination", resolve(into)], {
    cwd: join(root, "packages", name),
    encoding: "utf8",
  })
  if (run.status !== 0) throw new Error(`pnpm pack of ${name} failed:\n${run.stdout}${run.stderr}`)
  return tarball(name, into)
}

/** Where `pack` puts it. */
export function tarball(name: string, folder: string): string {
  return join(folder, `kysely-resilient-${name}-${versionOf(join(root, "packages", name))}.tgz`)
}

/** The version of the package in a folder. */
export function versionOf(folder: string): string {
  const manifest: { readonly version: string } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  return manifest.version
}

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/** A mistake that somebody could make, as a change of one place in the sources. */
export interface Bug {
  readonly name: string
  /** Under packages/driver/src. */
  readonly file: string
  /** Stands there exactly once. */
  readonly right: string
  readonly wrong: string
}

/** The packages, and what else is named, in a folder of their own: where bugs can be planted while everybody works on. */
export class SourceCopy implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "planted-"))

  /** @param others files and folders beside `packages`, from the root of the workspace */
  constructor(others: readonly string[]) {
    const root = resolve(import.meta.dirname, "../..")
    const filter = (path: string): boolean => !/\/dist(\/|$)/.test(path)
    for (const name of ["packages", ...others]) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true, verbatimSymlinks: true, filter })
    }
    const modules = join(this.folder, "node_modules")
    mkdirSync(modules)
    for (const name of readdirSync(join(root, "node_modules"))) {
      if (name !== "@kysely-resilient") symlinkSync(join(root, "node_modules", name), join(modules, name))
    }
    // These are links to the packages next to them: in the copy to the copy's.
    const ours = "@kysely-resilient"
    cpSync(join(root, "node_modules", ours), join(modules, ours), { recursive: true, verbatimSymlinks: true })
    writeFileSync(join(this.folder, "package.json"), `{ "type": "module" }`)
  }

  /** How to undo it; undefined if the place is not there, or not the only one. */
  plant({ file, right, wrong }: Bug): (() => void) | undefined {
    const path = join(this.folder, "packages/driver/src", file)
    const source = readFileSync(path, "utf8")
    if (source.split(right).length !== 2) return undefined
    writeFileSync(
      path,
      source.replace(right, () => wrong),
    )
    return () => writeFileSync(path, source)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

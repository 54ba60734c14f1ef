import { dirname, relative, resolve, sep } from "node:path"

/** Something that a module exports. */
export interface Reference {
  /** As it would be imported from the folder of the configuration. */
  readonly module: string
  readonly name: string
}

const form = /^(?<module>[^#\s][^#]*)#(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)$/u

/** `./types.ts#UserMeta`, `some-package/types#Meta`; undefined for anything else. */
export function parseReference(text: unknown): Reference | undefined {
  const { module, name } = (typeof text === "string" && form.exec(text)?.groups) || {}
  return module !== undefined && name !== undefined ? { module, name } : undefined
}

/** The same module as another file would import it. Packages are found from everywhere under the same name. */
export function importedFrom(file: string, module: string, folder: string): string {
  if (!/^\.{1,2}\//.test(module)) return module
  const path = relative(dirname(file), resolve(folder, module)).split(sep).join("/")
  return path.startsWith(".") ? path : `./${path}`
}

/** What tells one from another. */
export function referenceKey({ module, name }: Reference): string {
  return `${module}#${name}`
}

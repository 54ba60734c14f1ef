import { importedFrom, type Reference } from "./reference.ts"

/** One name that a file imports. */
export interface Import {
  readonly module: string
  readonly name: string
  /** What it is called in the file. */
  readonly as: string
  /** The value is needed, and not only the type. */
  readonly value: boolean
}

const kysely = ["ColumnType", "GeneratedAlways"]

/** Where generated files find what is not their own. */
export function moduleOf(library: string): string {
  return kysely.includes(library) ? "kysely" : "@kysely-resilient/core/schema"
}

export function referenceImport(
  { module, name }: Reference,
  as: string,
  value: boolean,
  file: { readonly outFile: string; readonly folder: string },
): Import {
  return { module: importedFrom(file.outFile, module, file.folder), name, as, value }
}

/** A module of which only types are needed is not loaded when the program runs. */
export function importTexts(imports: readonly Import[]): readonly string[] {
  const byModule = Map.groupBy(imports, ({ module }) => module)
  const modules = [...byModule].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return modules.map(([module, names]) => {
    const onlyTypes = names.every(({ value }) => !value)
    // Values come first.
    const rank = ({ name, value }: Import): string => `${value ? 0 : 1}${name}`
    const sorted = names.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
    const listed = sorted.map(({ name, as, value }) => {
      const renamed = name === as ? name : `${name} as ${as}`
      return value || onlyTypes ? renamed : `type ${renamed}`
    })
    return `import ${onlyTypes ? "type " : ""}{ ${listed.join(", ")} } from ${JSON.stringify(module)};`
  })
}

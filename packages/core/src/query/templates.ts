import {
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  HandleEmptyInListsPlugin,
  ParseJSONResultsPlugin,
  SafeNullComparisonPlugin,
  WithSchemaPlugin,
  type CompiledQuery,
  type KyselyPlugin,
} from "kysely"

import type { Preparable, PreparedQuery, Recipe } from "./prepared-query.ts"
import { promised } from "../foundation/promised.ts"
import { agree, fill, templateOf, type Template } from "./template.ts"
import { shapeOf } from "./stand-ins.ts"

/** A database compiles with its own builders and plugins. */
export interface TemplateParts {
  readonly builders: unknown
  readonly compile: (query: Preparable) => CompiledQuery
  readonly pluginsOf: (query: CompiledQuery) => readonly KyselyPlugin[]
  /** Another query that the same plugins belong to. */
  readonly likewise: (query: CompiledQuery, plugins: readonly KyselyPlugin[]) => void
}

/** What is known of one prepared query on this database. */
type Known =
  | { readonly how: "templates"; readonly byShape: Map<string, Kept | "each-time"> }
  | { readonly how: "each-time" }

interface Kept {
  readonly template: Template
  readonly plugins: readonly KyselyPlugin[]
  uses: number
}

/** Of one query: lists of so many lengths. More are built each time. */
const SHAPES_MAX = 64

/** So often, and at every doubling from then on, it is compiled as if it were not prepared, and the two compared. */
const CHECKED_USES = 3

const EACH_TIME = { how: "each-time" } as const

/** What prepared queries were compiled to, for one database. */
export class Templates {
  readonly #parts: TemplateParts
  readonly #known = new WeakMap<Recipe, Known>()

  constructor(parts: TemplateParts) {
    this.#parts = parts
  }

  compile(query: PreparedQuery): CompiledQuery {
    const { "~recipe": recipe, "~parameters": parameters } = query
    const known = this.#known.get(recipe)
    if (known?.how === "each-time") return this.#build(recipe, parameters)
    const shape = shapeOf(parameters)
    const kept = shape === undefined ? "each-time" : known?.byShape.get(shape)
    if (kept === "each-time") return this.#build(recipe, parameters)
    if (kept === undefined) return this.#first(recipe, parameters, shape ?? "", known)

    kept.uses += 1
    const filled = fill(kept.template, parameters)
    this.#parts.likewise(filled, kept.plugins)
    if (!isChecked(kept.uses)) return filled
    const compiled = this.#build(recipe, parameters)
    if (!agree(filled, compiled)) this.#known.set(recipe, EACH_TIME)
    return compiled
  }

  #first(recipe: Recipe, parameters: readonly unknown[], shape: string, known: Known | undefined): CompiledQuery {
    // Before the stand-ins: what is wrong with the query itself is its caller's to know.
    const compiled = this.#build(recipe, parameters)
    const byShape = known?.how === "templates" ? known.byShape : new Map<string, Kept | "each-time">()
    if (byShape.size >= SHAPES_MAX) return compiled
    const plugins = this.#parts.pluginsOf(compiled)
    const template = plugins.every(isSteady)
      ? templateOf(recipe.build, parameters, (standing) => this.#build(recipe, standing))
      : undefined
    const sound = template !== undefined && agree(fill(template, parameters), compiled)
    byShape.set(shape, sound ? { template, plugins, uses: 1 } : "each-time")
    this.#known.set(recipe, { how: "templates", byShape })
    return compiled
  }

  #build(recipe: Recipe, parameters: readonly unknown[]): CompiledQuery {
    // The types of both were checked where `prepare` and what it gave were called.
    const build = promised<(builders: unknown, ...given: readonly unknown[]) => Preparable>(recipe.build)
    return this.#parts.compile(build(this.#parts.builders, ...parameters))
  }
}

function isChecked(uses: number): boolean {
  return uses <= CHECKED_USES || (uses & (uses - 1)) === 0
}

const STEADY: ReadonlySet<unknown> = new Set([
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  HandleEmptyInListsPlugin,
  ParseJSONResultsPlugin,
  SafeNullComparisonPlugin,
  WithSchemaPlugin,
])

/** Others may put in what changes with the time or the caller, as a tenant's number. */
function isSteady(plugin: KyselyPlugin): boolean {
  return STEADY.has(plugin.constructor)
}

import type { CompiledQuery } from "kysely"
import type { StatementOptions } from "../engine.ts"
export function notesOf(_q: CompiledQuery): StatementOptions { return {} }

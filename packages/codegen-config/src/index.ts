export { defineCodegen } from "./define-codegen.ts"
export type {
  BrandOptions,
  CodegenConfig,
  ColumnOverride,
  EmitOptions,
  JsonType,
  ViewOptions,
} from "./config.ts"
export { policy } from "@kysely-resilient/core/schema"
export { generate, type Generated, type GenerateOptions } from "./generate.ts"
export { report, verify, type Verification } from "./verify.ts"
export { diff, diffReport, type Diff } from "./diff.ts"
export type { SchemaDrift } from "@kysely-resilient/core/schema-check"
export { CodegenConfigError, CodegenError, DatabaseUnreadableError } from "./errors.ts"

import { defineCodegen, policy } from "@kysely-resilient/codegen-config"

export default defineCodegen({
  outFile: "./accounts.gen.ts",
  types: policy({ int8: "number" }), // beyond ±2^53 an error, and never another number
  brands: { primaryKeys: true },
})

import { defineCodegen, policy } from "@kysely-resilient/codegen-config"

export default defineCodegen({ outFile: "./library.gen.ts", types: policy({ int8: "number" }) })

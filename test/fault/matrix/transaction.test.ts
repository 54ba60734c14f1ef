import { matrixOf } from "./matrix-of.ts"

matrixOf("transaction", import.meta.url)

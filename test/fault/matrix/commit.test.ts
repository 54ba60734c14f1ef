import { matrixOf } from "./matrix-of.ts"

matrixOf("commit", import.meta.url)

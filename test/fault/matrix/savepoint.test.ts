import { matrixOf } from "./matrix-of.ts"

matrixOf("savepoint", import.meta.url)

import { matrixOf } from "./matrix-of.ts"

matrixOf("read", import.meta.url)

import { matrixOf } from "./matrix-of.ts"

matrixOf("write", import.meta.url)

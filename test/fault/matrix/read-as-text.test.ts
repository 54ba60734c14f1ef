import { matrixOf } from "./matrix-of.ts"

matrixOf("read as text", import.meta.url)

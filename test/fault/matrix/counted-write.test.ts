import { matrixOf } from "./matrix-of.ts"

matrixOf("counted write", import.meta.url)

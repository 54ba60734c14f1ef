import { matrixOf } from "./matrix-of.ts"

matrixOf("stream", import.meta.url)

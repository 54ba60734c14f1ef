import { describe } from "vitest"

import { pgBouncerProgram, type PgBouncerProgram } from "./program.ts"

/** For the whole test file; found, or installed, before its tests are collected. */
export const pgBouncer: PgBouncerProgram = await pgBouncerProgram()

if ("missing" in pgBouncer) console.warn(`Tests with PgBouncer are skipped: ${pgBouncer.missing}`)

/** `describe`, skipped where there is no PgBouncer. */
export const describeWithPgBouncer = "missing" in pgBouncer ? describe.skip : describe

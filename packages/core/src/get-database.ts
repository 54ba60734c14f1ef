import { createHash } from "node:crypto"

import { OptionsError, type OptionsProblem } from "@kysely-resilient/driver"

import { createDatabase } from "./database.ts"

import { failOnDroppedErrors } from "@kysely-resilient/testing/vitest"

failOnDroppedErrors()

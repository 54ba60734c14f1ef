import { randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"

/** PostgreSQL cuts longer names off without a word. */
export const NAME_BYTES_MAX = 63

/** "pool_acquire_9f2c4e1a" for ".../test/integration/pool/acquire.test.ts": findable, and nobody else's. */
export function databaseName(of: string, suffix: string = randomBytes(5).toString("hex")): string {
  const path = of.startsWith("file:") ? fileURLToPath(of) : of
  const words = path
    .split(/[\\/]/)
    .slice(-2)
    .join("_")
    .replace(/\.(test|spec)?\.?[cm]?[jt]sx?$/, "")
  const slug = words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
  return `${(slug || "test").slice(0, NAME_BYTES_MAX - suffix.length - 1)}_${suffix}`
}

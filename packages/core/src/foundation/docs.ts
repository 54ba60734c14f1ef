/**
 * Where the pages are: in this package, as seen from the folder of the application. Where there is no `node_modules` (Yarn's Plug'n'Play),
 * or more than one, `import.meta.resolve("@kysely-resilient/core/docs/errors.md")` knows the place.
 */
export const DOCS = "node_modules/@kysely-resilient/core/docs"

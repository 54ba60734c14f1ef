/** Where the pages are: in the repository. Whoever publishes them writes their address here, and every link leads there. */
export const DOCS = "docs"

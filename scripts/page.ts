/**
 * Makes the live page one self-contained file: script, uPlot and style into the HTML, and that into a module of the http package.
 *
 *   node scripts/page.ts           writes it
 *   node scripts/page.ts --check   fails if what is there is not what would be written
 */
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { build } from "vite"

import { NONCE } from "../packages/http/src/page/nonce.ts"

const folder = new URL("../packages/http/src/page/", import.meta.url)
const target = new URL("page.gen.ts", folder)
const at = (path: string): string => fileURLToPath(new URL(path, folder))

/** Nobody should wait for it on a phone, in an outage. */
const GZIPPED_MAX = 60 * 1024

async function pageModule(): Promise<string> {
  const [html, own, plot, script] = await Promise.all([
    readFile(at("app/page.html"), "utf8"),
    readFile(at("app/page.css"), "utf8"),
    readFile(fileURLToPath(import.meta.resolve("uplot/dist/uPlot.min.css")), "utf8"),
    bundled(at("app/main.ts")),
  ])
  const page = html
    .replaceAll("{{nonce}}", () => NONCE)
    .replace("></style>", () => `>${plot.trim()}${squeezed(own)}</style>`)
    .replace("></script>", () => `>${script}</script>`)
  const size = gzipSync(page).length
  if (size > GZIPPED_MAX) throw new Error(`The page has ${size} bytes gzipped, and may have ${GZIPPED_MAX}`)
  return `// Made by scripts/page.ts from page/app; uPlot (MIT, Leon Sorokin) is in it.
export const page: string = ${JSON.stringify(page)}
`
}

async function bundled(entry: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      target: "es2022",
      lib: { entry, formats: ["iife"], name: "page", fileName: "page" },
      // The package says that its modules do nothing by themselves. This one does.
      rolldownOptions: { treeshake: { moduleSideEffects: true } },
    },
  })
  const output = Array.isArray(built) ? built[0] : built
  if (output === undefined || !("output" in output)) throw new Error("Nothing was built")
  const { code } = output.output[0]
  if (code.includes("</script")) throw new Error("The script would end the element that it is in")
  return code.trim()
}

/** Strings hold no runs of spaces. */
function squeezed(css: string): string {
  return css
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(": ", ":")
    .trim()
}

const wanted = await pageModule()
if (process.argv.includes("--check")) {
  const there = await readFile(target, "utf8").catch(() => "")
  if (there !== wanted) {
    console.error("The page is not what its sources say. Run: node scripts/page.ts")
    process.exitCode = 1
  }
} else {
  await writeFile(target, wanted)
  console.log(`${gzipSync(wanted).length} bytes gzipped`)
}

/** `<!-- code: examples/x.ts -->`, a fenced block, `<!-- /code -->`: what is between the marks is copied from the file. */
const EMBEDDED = /(?<mark><!-- code: (?<path>\S+) -->\n)[\s\S]*?(?<end><!-- \/code -->)/g

/** The page with every embedded block as its file is now. */
export function embed(page: string, read: (path: string) => string): string {
  return page.replaceAll(EMBEDDED, (_, mark: string, path: string, end: string) => {
    const language = path.slice(path.lastIndexOf(".") + 1)
    return `${mark}\`\`\`${language}\n${read(path).trimEnd()}\n\`\`\`\n${end}`
  })
}

/** The files that a page embeds. */
export function embeddedIn(page: string): string[] {
  return [...page.matchAll(EMBEDDED)].map((block) => block.groups?.["path"] ?? "")
}

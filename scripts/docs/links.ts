/** Fenced and inline code quotes links without being any. */
const CODE = /```[\s\S]*?```|`[^`\n]*`/g
/** With the title that a link may have. */
const LINK = /\]\((?<target>[^)\s]+)(?: "(?<title>[^"]+)")?\)/g

/** The targets of a page's links that lead to files of this repository, as they are written. */
export function relativeLinks(page: string): string[] {
  // In a link's own text code is common, so only its target must stay.
  const prose = page.replaceAll(CODE, "")
  return [...prose.matchAll(LINK)]
    .map((link) => link.groups?.["target"] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** The links of a page that have a title, which names a test in the file that they lead to. */
export function titledLinks(page: string): readonly { readonly target: string; readonly title: string }[] {
  return [...page.replaceAll(CODE, "").matchAll(LINK)].flatMap(({ groups }) =>
    groups?.["title"] === undefined ? [] : [{ target: groups["target"] ?? "", title: groups["title"] }],
  )
}

/** Code, which stays as it is, or a link or picture with its words, in which code is common. */
const CODE_OR_LINK =
  /```[\s\S]*?```|!?\[(?<words>(?:`[^`\n]*`|[^[\]`])*)\]\((?<target>[^)\s]+)(?: "[^"]+")?\)|`[^`\n]*`/g

/** The page, with only the words of those links to files that lead nowhere. */
export function withoutDeadLinks(page: string, leads: (target: string) => boolean): string {
  return page.replaceAll(CODE_OR_LINK, (whole: string, words: string | undefined, target: string | undefined) =>
    words === undefined || target === undefined || /^[a-z]+:/.test(target) || leads(target) ? whole : words,
  )
}

/** The anchors that a page's headings have on GitHub, and those that it sets itself. */
export function anchorsOf(page: string): Set<string> {
  const headings = page.replaceAll(/```[\s\S]*?```/g, "").matchAll(/^#+ (?<text>.+)$/gm)
  const slugs = [...headings].map((heading) =>
    (heading.groups?.["text"] ?? "")
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
  const own = [...page.matchAll(/<a id="(?<id>[^"]+)">/g)].map((anchor) => anchor.groups?.["id"] ?? "")
  return new Set([...slugs, ...own])
}

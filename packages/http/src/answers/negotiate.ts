/** A media range of an `Accept` header, and how much it is wanted. */
interface Range {
  readonly type: string
  readonly subtype: string
  readonly quality: number
}

/** Nobody means more than this, and somebody may try. */
const RANGES_MAX = 50

/**
 * Which of these a client wants most, by the q-values of its `Accept` header (RFC 9110, 12.5.1): the most exact range that fits a type decides
 * on it, and of equals the first offered wins. What cannot be read is passed over; the first one offered is what a client gets who wants none of them,
 * because a state of health is worth more than being right about its form.
 */
export function negotiate(accept: string | null, offered: readonly [string, ...string[]]): string {
  const ranges = rangesOf(accept ?? "")
  let best = offered[0]
  let bestQuality = 0
  for (const offer of offered) {
    const quality = qualityOf(offer, ranges)
    if (quality > bestQuality) {
      best = offer
      bestQuality = quality
    }
  }
  return best
}

function rangesOf(accept: string): readonly Range[] {
  return accept
    .split(",", RANGES_MAX)
    .map((part) => rangeOf(part))
    .filter((range) => range !== undefined)
}

function rangeOf(part: string): Range | undefined {
  const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase())
  const [type = "", subtype = ""] = range.split("/")
  if (type === "" || subtype === "") return undefined
  const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2)
  if (q === undefined) return { type, subtype, quality: 1 }
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? { type, subtype, quality: Number(q) } : undefined
}

function qualityOf(offer: string, ranges: readonly Range[]): number {
  const [type, subtype] = offer.split("/")
  let exactness = 0
  let quality = 0
  for (const range of ranges) {
    const fits =
      range.type === type && range.subtype === subtype
        ? 3
        : range.type === type && range.subtype === "*"
          ? 2
          : range.type === "*" && range.subtype === "*"
            ? 1
            : 0
    if (fits <= exactness) continue
    exactness = fits
    quality = range.quality
  }
  return quality
}

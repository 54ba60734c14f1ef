/** The body as text, if it is no longer than that; undefined if it is, or does not come. */
export async function bodyText(request: Request, bytesMax: number): Promise<string | undefined> {
  if (request.body === null) return ""
  const decoder = new TextDecoder()
  let text = ""
  let bytes = 0
  try {
    for await (const chunk of request.body) {
      bytes += chunk.length
      if (bytes > bytesMax) return undefined
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  } catch {
    // Its sender has gone.
    return undefined
  }
}

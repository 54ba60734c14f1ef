/** Where the page says this, its routes put the nonce that its Content-Security-Policy allows: on each `<script>` and `<style>`. */
export const NONCE = "__KYSELY_RESILIENT_NONCE__"

/** The live page, one self-contained file. It finds the stream at `events` beside it, by a relative URL. */
export const page: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>kysely-resilient</title>
<style nonce="${NONCE}">body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem }</style>
<pre id="report">…</pre>
<script type="module" nonce="${NONCE}">
  const stream = new EventSource("events")
  stream.addEventListener("report", ({ data }) => {
    document.getElementById("report").textContent = JSON.stringify(JSON.parse(data), undefined, 2)
  })
</script>
</html>
`

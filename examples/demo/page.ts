import type { FaultTitle } from "./report.ts"

/** One self-contained page: live numbers once a second, and a button per fault. */
export function page(faults: readonly FaultTitle[]): string {
  const buttons = faults
    .map(({ name, title }) => `<button data-fault="${name}">${title}<i></i></button>`)
    .join("\n    ")
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kysely-resilient, live</title>
<style>
  :root { color-scheme: light dark; --ink: light-dark(#1c2024, #e8eaed); --paper: light-dark(#fbfbfa, #16181b);
    --card: light-dark(#fff, #1e2125); --line: light-dark(#e3e4e6, #2e3238); --soft: light-dark(#686e76, #9aa1a9);
    --good: #2f9e6e; --warn: #d08a1d; --bad: #d64545 }
  * { box-sizing: border-box }
  body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink);
    font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
  header { display: flex; justify-content: space-between; align-items: baseline; flex-wrap: wrap; gap: .5rem }
  h1 { font-size: 1.25rem; margin: 0 }
  h2 { font-size: .8rem; font-weight: 600; color: var(--soft); margin: 2rem 0 .6rem }
  #status { font-weight: 600 }
  .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem }
  .card b { display: block; font-size: 1.4rem; font-weight: 600 }
  .card span, footer, i { color: var(--soft); font-size: .85rem }
  svg { width: 100%; height: 5rem; display: block }
  .faults { grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)) }
  button { font: inherit; color: inherit; text-align: left; background: var(--card); border: 1px solid var(--line);
    border-radius: .6rem; padding: .7rem .9rem; cursor: pointer }
  button:hover:enabled { border-color: var(--soft) }
  button:disabled { cursor: default; opacity: .6 }
  button[data-now] { border-color: var(--warn); opacity: 1 }
  button i { display: block; font-style: normal; min-height: 1.3em }
  footer { margin-top: 2rem } a { color: inherit }
</style>
<header><h1>kysely-resilient, live</h1><span id="status">…</span></header>
<h2>What the application does</h2>
<div class="grid" id="counts"></div>
<h2>Operations per second</h2>
<div class="card"><svg preserveAspectRatio="none" viewBox="0 0 100 20" aria-hidden="true"><polyline id="curve" fill="none"
  stroke="var(--good)" stroke-width="1.5" vector-effect="non-scaling-stroke" points=""/></svg></div>
<h2>What its callers see</h2>
<div class="grid" id="troubles"></div>
<h2>Hurt the database</h2>
<div class="grid faults">
    ${buttons}
</div>
<footer>For monitoring: <a href="/api/database-resilience">/api/database-resilience</a>. The numbers come from memory:
looking at them asks the database nothing.</footer>
<script type="module">
  const $ = (id) => document.getElementById(id)
  const number = new Intl.NumberFormat("en-US")
  const cards = (entries) => entries.map(([name, value, colour = ""]) => {
    const card = document.createElement("div"), figure = document.createElement("b"), label = document.createElement("span")
    card.className = "card"; figure.textContent = number.format(value); figure.style.color = colour; label.textContent = name
    card.append(figure, label)
    return card
  })
  async function look() {
    try {
      const [live, health] = await Promise.all(["/live", "/api/database-resilience"].map((path) => fetch(path).then((r) => r.json())))
      $("status").textContent = health.resilience.status_text
      $("counts").replaceChildren(...cards([...live.counts.map((c) => [c.name, c.finished]), ["connections in use", live.pool.leased]]))
      const { retried, resolved, unknown, surfaced } = live.total
      $("troubles").replaceChildren(...cards([["retried for them", retried, "var(--good)"], ["found out for them", resolved],
        ["not known", unknown], ["errors of their own making", surfaced.needed],
        ["errors we should have hidden", surfaced.avoidable, surfaced.avoidable ? "var(--bad)" : ""]]))
      const most = Math.max(1, ...live.history)
      $("curve").setAttribute("points", live.history.map((v, i) => (i * 100) / Math.max(1, live.history.length - 1) + "," + (19 - (18 * v) / most)).join(" "))
      const busy = live.faults.some((fault) => fault.state === "now")
      for (const fault of live.faults) {
        const button = document.querySelector('button[data-fault="' + fault.name + '"]')
        button.disabled = busy
        button.toggleAttribute("data-now", fault.state === "now")
        button.lastElementChild.textContent = fault.state === "now" ? "hurting…"
          : fault.hits ? "hit " + fault.hits + "×, " + fault.affected + " felt it, back in " + (fault.recoveryMs ?? "–") + " ms" : ""
      }
    } catch { $("status").textContent = "The demo has ended." }
  }
  for (const button of document.querySelectorAll("button")) {
    button.onclick = () => fetch("/chaos/" + button.dataset.fault, { method: "POST" }).then(look)
  }
  look()
  setInterval(look, 1000)
</script>
</html>
`
}

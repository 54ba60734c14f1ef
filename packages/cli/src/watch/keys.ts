import process from "node:process"

const CTRL_C = "\u0003"

/** In raw mode a terminal hands over every key at once, Ctrl-C too; it is given back as it was. */
export function listenForQuit(quit: () => void): Disposable {
  const { stdin } = process
  if (!stdin.isTTY) return { [Symbol.dispose]() {} }
  const onKeys = (keys: Buffer): void => {
    const text = keys.toString()
    if (text.includes("q") || text.includes(CTRL_C)) quit()
  }
  stdin.setRawMode(true)
  stdin.on("data", onKeys)
  return {
    [Symbol.dispose]() {
      stdin.off("data", onKeys)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}

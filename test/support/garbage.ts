import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Whatever nobody can reach any more is gone after this. */
export async function garbageIsCollected(): Promise<void> {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  if (typeof collect !== "function") throw new Error("there is no gc")
  for (let n = 0; n < 5; n += 1) {
    await settled()
    collect()
    await settled()
  }
}

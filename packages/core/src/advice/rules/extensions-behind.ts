import { identifier, listed, type ServerRule } from "../examined.ts"

export const extensionsBehind: ServerRule = {
  code: "EXTENSIONS_BEHIND",
  when: "an extension is of an older version than the server has files for",
  why: "The library is new and its SQL is old: new functions are missing, and fixes in it do not work.",
  needs: ["storage"],
  find({ storage }) {
    const behind = storage?.extensions ?? []
    if (behind.length === 0) return undefined
    return {
      severity: "info",
      message: listed(behind.map(({ name, installed, available }) => `${name} is ${installed}, there is ${available}`)),
      action: "Update them",
      sql: behind.map(({ name }) => `alter extension ${identifier(name)} update`).join(";\n"),
      evidence: { extensions: behind.map(({ name, installed, available }) => ({ name, installed, available })) },
    }
  },
}

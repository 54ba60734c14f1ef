import { readFileSync } from "node:fs"

/** An account of this machine; PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Accounts made for running something without rights; `node` is the one in Node's container images. */
const UNPRIVILEGED = ["postgres", "nobody", "node", "daemon"]

/**
 * Who may run the server: `undefined` stands for ourselves. As root, the accounts to try, best first. They must be
 * in /etc/passwd, not just any number, because `initdb` asks there for the name of who it is.
 */
export function accountsToTry(runAs: string | undefined): readonly (Account | undefined)[] {
  if (process.getuid?.() !== 0) return [undefined]
  const accounts = accountsIn(readFileSync("/etc/passwd", "utf8"))
  const names = runAs === undefined ? UNPRIVILEGED : [runAs]
  return names.flatMap((name) => accounts.filter((account) => account.name === name && account.uid !== 0))
}

export function accountsIn(passwd: string): readonly Account[] {
  return passwd.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":")
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}

/** The part of spawn's options that makes a child run as this account. */
export function asAccount(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid }
}

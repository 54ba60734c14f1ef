/** What a session waits for, and how that ends. */
export type Wait =
  | { readonly for: "input" }
  /** It takes so long; `deaf`: a signal is heeded only afterwards. */
  | { readonly for: "time"; readonly ms: number; readonly deaf?: true }
  | { readonly for: "lock"; readonly key: string; readonly timeoutMs: number }
  | { readonly for: "standby" }
  /** What is done to it at this very moment. */
  | { readonly for: "fault"; readonly strike: () => void }

export type Wake = "go" | "cancel" | "die" | "statement-timeout" | "lock-timeout" | "deadlock"

/** Something that takes time on the server. */
export type Work<T> = Generator<Wait, T, Wake>

/** Time as the broker sees it. Injected, so that a test drives keep-alive, expiry and will delay without waiting. */
export interface Clock {
  /** Milliseconds that never run backwards: keep-alive, connect timeout. Origin is arbitrary. */
  monotonicMs(): number
  /** Milliseconds since 1970: deadlines that outlive the process (expiry, will delay). */
  wallMs(): number
  /** Runs `task` every `intervalMs` until the returned function is called. Must not keep the process alive. */
  every(intervalMs: number, task: () => void): () => void
}

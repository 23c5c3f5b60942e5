type Group = Record<string, unknown>

/** One listener of the settings as it grows, with the line that asked for each part. */
export class ListenerParts {
  readonly settings: Group = {}
  readonly places = new Map<string, string>()

  /** `tls.keyFile`. Undefined leaves the part alone. */
  set(name: string, value: unknown, place?: string): void {
    if (value === undefined) return
    const path = name.split('.')
    let group = this.settings
    for (const outer of path.slice(0, -1)) group = (group[outer] ??= {}) as Group
    group[path.at(-1) as string] = value
    if (place !== undefined) this.places.set(name, place)
  }
}

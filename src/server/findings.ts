import { pathText } from '../documents/explain-issue.ts'
import { SettingsError } from '../settings/settings-file.ts'

/** What is found while settings are prepared: everything wrong is gathered before anything is refused. */
export class Findings {
  readonly #faults: string[] = []
  readonly warnings: string[] = []

  /** Faults so far. */
  get count(): number {
    return this.#faults.length
  }

  warn(warning: string): void {
    this.warnings.push(warning)
  }

  /** Runs `prepare`; what it throws is a fault of the setting at `path`. */
  attempt<T>(path: readonly (string | number)[], prepare: () => T): T | undefined {
    try {
      return prepare()
    } catch (error) {
      this.#faults.push(`${pathText(path)}: ${(error as Error).message}`)
      return undefined
    }
  }

  /** Throws SettingsError when there were faults. */
  refuseFaults(): void {
    if (this.#faults.length > 0) throw new SettingsError(this.#faults)
  }
}

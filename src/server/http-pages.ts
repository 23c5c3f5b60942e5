import type { BrokerCore } from '../broker/core.ts'
import type { Clock } from '../contracts/clock.ts'
import { HttpEndpoint } from '../observe/http-endpoint.ts'
import { Metrics } from '../observe/metrics.ts'
import type { HttpSettings } from '../settings/settings.ts'
import { packageVersion } from '../settings/version.ts'

/** The HTTP listener, where the settings ask for one. What it measures is measured only then. */
export class HttpPages {
  readonly #core: BrokerCore
  readonly #clock: Clock
  readonly #isReady: () => boolean
  #open: { readonly settings: HttpSettings; readonly endpoint: HttpEndpoint; readonly metrics: Metrics } | undefined
  url: string | undefined

  constructor(core: BrokerCore, clock: Clock, isReady: () => boolean) {
    this.#core = core
    this.#clock = clock
    this.#isReady = isReady
  }

  /** Opens, closes or moves it. Rejects with Node's error when the port is taken; then it is as it was. */
  async change(settings: HttpSettings | undefined): Promise<void> {
    const { host = '127.0.0.1', port } = settings ?? {}
    const old = this.#open
    if (old !== undefined && old.settings.host === host && old.settings.port === port) return
    if (port === undefined) {
      await this.close()
      return
    }
    const metrics = this.#newMetrics()
    const endpoint = new HttpEndpoint({ host, port, obstacle: () => this.#obstacle(), metrics: () => metrics.text() })
    const { url } = await endpoint.listen().catch((error: unknown) => {
      metrics.stop()
      throw error
    })
    await this.close()
    this.#open = { settings: { host, port }, endpoint, metrics }
    this.url = url
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    this.url = undefined
    open?.metrics.stop()
    await open?.endpoint.close()
  }

  #obstacle(): string | undefined {
    if (!this.#isReady()) return 'not-ready'
    if (!this.#core.store.statistics.isDegraded) return undefined
    return 'store-degraded: nothing can be kept for now, and QoS 1 and 2 that need it are refused; the log says why'
  }

  #newMetrics(): Metrics {
    const { journal } = this.#core
    return new Metrics({
      clock: this.#clock,
      statistics: this.#core,
      store: () => this.#core.store.statistics,
      version: packageVersion(),
      commitLatency: () => journal.latency,
    })
  }
}

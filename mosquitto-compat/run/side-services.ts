import type { Log } from '../../src/contracts/log.ts'
import type { Broker } from '../../src/server/broker.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'
import { ControlApi } from './control-api.ts'
import { HttpApis } from './http-apis.ts'

/** What Mosquitto has beside its listeners for clients: its control topic, and its API over HTTP. */
export class SideServices {
  readonly #control: ControlApi
  readonly #http: HttpApis

  constructor(broker: Broker, log: Log) {
    this.#http = new HttpApis(broker, log)
    this.#control = new ControlApi(broker, () => this.#http.rows)
  }

  /**
   * Takes what a conf says in the place of what another said, with `between`, which is the rest of it: all, or nothing.
   * Rejects with what is wrong.
   */
  async change<Result>(loaded: LoadedMosquittoConf, between: () => Promise<Result>): Promise<Result> {
    const { commit, abandon } = await this.#http.prepare(loaded)
    const result = await between().catch((error: unknown) => {
      abandon()
      throw error
    })
    commit()
    await this.#control.change(loaded.process.controlApi)
    return result
  }

  /** Where the API over HTTP listens. */
  get httpPorts(): number[] {
    return this.#http.ports
  }

  close(): Promise<void> {
    return this.#http.close()
  }
}

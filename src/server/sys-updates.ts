import type { BrokerCore } from '../broker/core.ts'
import type { Clock } from '../contracts/clock.ts'
import { SysTopics } from '../observe/sys-topics.ts'
import { newApplicationMessage } from '../protocol/new-application-message.ts'
import { encodeText } from '../protocol/text.ts'
import { packageVersion } from '../settings/version.ts'

/** `$SYS` at the interval that the settings say. */
export class SysUpdates {
  readonly #core: BrokerCore
  readonly #clock: Clock
  readonly #versionText: string
  #topics: SysTopics | undefined

  constructor(core: BrokerCore, clock: Clock, versionText = `topiary version ${packageVersion()}`) {
    this.#versionText = versionText
    this.#core = core
    this.#clock = clock
  }

  /** At another interval than before, or for the first time; 0 is never. */
  start(intervalSeconds: number): void {
    this.stop()
    if (intervalSeconds === 0) return
    const core = this.#core
    this.#topics = new SysTopics({
      clock: this.#clock,
      statistics: core,
      store: () => core.store.statistics,
      version: this.#versionText,
      intervalSeconds,
      publish: (topicName, text) => {
        const parts = { payload: encodeText(text), qos: 2, retain: true, properties: {} } as const
        core.publish(topicName, newApplicationMessage(parts, '', core.time.nowMs))
      },
    })
  }

  stop(): void {
    this.#topics?.stop()
    this.#topics = undefined
  }
}

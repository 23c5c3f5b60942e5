import { setTimeout as wait } from 'node:timers/promises'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { ChildBroker } from './child-broker.ts'
import { Dice, Ledger } from './ledger.ts'
import { deathPoints, type Fault, recoveryPoints, type RecoveryPoint } from './orders.ts'
import { Publisher } from './publisher.ts'
import { RetainedModel } from './retained-model.ts'
import { Subscriber } from './subscriber.ts'

export interface CrashRunOptions {
  readonly directory: string
  readonly kills: number
  /** At least so many between one death under load and the next. */
  readonly acknowledgements: number
  readonly seed: number
  /** Where it dies. */
  readonly places: readonly Place[]
  readonly fault?: Fault | undefined
  /** For every broker process. */
  readonly environment?: NodeJS.ProcessEnv
  /** After each death, before the next start: what the disk would have lost. */
  readonly losePower?: (() => Promise<void>) | undefined
  readonly say: (line: string) => void
}

export interface CrashReport {
  readonly ledger: Ledger
  /** By where it was killed. */
  readonly kills: ReadonlyMap<string, number>
}

/** Where a broker may die: by its own hand at a point it is told, by its parent's, or before it is open again. */
export const places = ['random', ...deathPoints, 'recovery'] as const

export type Place = (typeof places)[number]

/** A quarter of the deaths are during the recovery from another. */
const RECOVERY_SHARE = 4
const BULK_BYTES = 256 * 1024
const MOST_ROUND_MS = 30_000
/** Nothing came any more: what is missing then does not come. */
const STANDSTILL_MS = { isClean: 8000, isNot: 500 }

/**
 * A broker under load that is killed again and again:
 *
 *   start -> retained as the model says -> everybody resumes -> load -> death -> start -> ... -> drain -> all is there
 */
export async function runCrashes(options: CrashRunOptions): Promise<CrashReport> {
  const run = new CrashRun(options)
  try {
    await run.everything()
  } finally {
    await run.release()
  }
  return run
}

class CrashRun implements CrashReport {
  readonly ledger = new Ledger()
  readonly kills = new Map<string, number>()
  readonly #options: CrashRunOptions
  readonly #dice: Dice
  readonly #retained = new RetainedModel()
  readonly #publishers: readonly Publisher[]
  readonly #online: readonly Subscriber[]
  /** There at the beginning, for a while now and then, and at the end. */
  readonly #offline: readonly Subscriber[]
  #broker: ChildBroker | undefined
  #killed = 0

  constructor(options: CrashRunOptions) {
    this.#options = options
    this.#dice = new Dice(options.seed)
    const dice = (): Dice => new Dice(this.#dice.below(2 ** 31))
    this.#publishers = [0, 1, 2].map((index) => new Publisher(`pub-${index}`, this.ledger, dice(), this.#retained))
    this.#online = [
      new Subscriber('online-1', 1, 1000, this.ledger, dice()),
      new Subscriber('online-2', 2, 20, this.ledger, dice()),
    ]
    this.#offline = [
      new Subscriber('offline-1', 1, 1000, this.ledger, dice()),
      new Subscriber('offline-2', 2, 100, this.ledger, dice()),
    ]
  }

  async everything(): Promise<void> {
    const port = await this.#start()
    for (const subscriber of [...this.#online, ...this.#offline]) await subscriber.connect(port)
    for (const subscriber of this.#offline) subscriber.leave()
    await this.#load(port)
    while (this.#killed < this.#options.kills && this.ledger.isClean) {
      await this.#maybeDieInRecovery()
      await this.#round()
    }
    await this.#finish()
  }

  async release(): Promise<void> {
    this.#broker?.kill()
    await this.#broker?.died
    await releaseClients().catch(() => {})
  }

  /** Some load, a death in it, and all that is so afterwards. */
  async #round(): Promise<void> {
    const port = await this.#start()
    await this.#checkRetained(port)
    for (const subscriber of this.#online) await subscriber.connect(port)
    const areAllHere = this.#dice.below(4) === 0
    if (areAllHere) for (const subscriber of this.#offline) await subscriber.connect(port)
    await this.#load(port)
  }

  async #load(port: number): Promise<void> {
    const broker = this.#broker as ChildBroker
    const start = this.ledger.acknowledgements
    for (const publisher of this.#publishers) await publisher.connect(port)
    const endMs = performance.now() + MOST_ROUND_MS
    while (this.ledger.acknowledgements - start < this.#options.acknowledgements && !broker.isDead) {
      if (performance.now() > endMs) {
        const count = this.ledger.acknowledgements - start
        this.ledger.violated(
          'broker',
          `${count} acknowledgements came in ${MOST_ROUND_MS} ms; ${this.#publishers[0]?.waitsFor}`,
        )
        break
      }
      await wait(2)
    }
    if (broker.isDead) this.ledger.violated('broker', `the broker died by itself: ${(await broker.died).words}`)
    else await this.#kill(broker)
  }

  async #kill(broker: ChildBroker): Promise<void> {
    const point = this.#dice.of(this.#options.places.filter((place) => place !== 'recovery'))
    if (point === 'random') await wait(this.#dice.below(20))
    else broker.order({ point, batches: 1 + this.#dice.below(20) })
    if (point === 'random') broker.kill()
    const outcome = await Promise.race([broker.died, wait(10_000, undefined, { ref: false })])
    if (outcome === undefined) {
      this.#options.say(`not reached in time: ${point}`)
      broker.kill()
    }
    await this.#countDeath(broker, point)
  }

  async #maybeDieInRecovery(): Promise<void> {
    if (!this.#options.places.includes('recovery') || this.#dice.below(RECOVERY_SHARE) !== 0) return
    const point = this.#dice.of(['random', ...recoveryPoints] as const)
    const broker = this.#spawn(point === 'random' ? undefined : point)
    const patienceMs = point === 'random' ? 60 + this.#dice.below(200) : 10_000
    // open and alive: the point has been passed
    await Promise.race([broker.died, broker.port, wait(patienceMs, undefined, { ref: false })])
    broker.kill()
    await this.#countDeath(broker, `recovery, ${point}`)
  }

  async #countDeath(broker: ChildBroker, where: string): Promise<void> {
    const { code, signal, words } = await broker.died
    if (signal !== 'SIGKILL') this.ledger.violated('broker', `the broker ended with ${code ?? signal}: ${words}`)
    this.#killed++
    this.kills.set(where, (this.kills.get(where) ?? 0) + 1)
    await this.#options.losePower?.()
    const { acknowledgements, delivered } = this.ledger
    this.#options.say(`kill ${this.#killed}: ${where}; ${acknowledgements} acknowledged, ${delivered} delivered`)
  }

  async #checkRetained(port: number): Promise<void> {
    const reader = await WireClient.connected({ port, clientId: 'reader', autoAcknowledge: true })
    await reader.subscribe({ topicFilter: 'kept/#', qos: 0 })
    const found = new Map<string, string>()
    for (const packet of await reader.rest()) if (packet.kind === 'publish') found.set(packet.topicName, packet.text)
    for (const fault of this.#retained.faults(found)) this.ledger.violated('retained', fault)
    await reader.disconnect(0)
  }

  /** Nobody dies any more: everything acknowledged has to be there. */
  async #finish(): Promise<void> {
    const port = await this.#start()
    await this.#checkRetained(port)
    for (const subscriber of [...this.#online, ...this.#offline]) await subscriber.connect(port)
    const start = this.ledger.acknowledgements
    for (const publisher of this.#publishers) await publisher.connect(port)
    // a little more, for what comes behind a loss shows it at once
    await this.#until(() => this.ledger.acknowledgements - start >= this.#options.acknowledgements)
    for (const publisher of this.#publishers) publisher.stopFeeding()
    await this.#until(() => this.#open().length === 0)
    for (const sentence of this.#open()) this.ledger.violated('lost', `at the end ${sentence}`)
    await this.#checkRetained(port)
  }

  async #until(isDone: () => boolean): Promise<void> {
    let [seen, sinceMs] = [-1, 0]
    while (!isDone()) {
      const { acknowledgements, delivered, isClean } = this.ledger
      const nowMs = performance.now()
      if (acknowledgements + delivered !== seen) [seen, sinceMs] = [acknowledgements + delivered, nowMs]
      if (nowMs - sinceMs > (isClean ? STANDSTILL_MS.isClean : STANDSTILL_MS.isNot)) return
      await wait(5)
    }
  }

  #open(): string[] {
    const busy = this.#publishers.filter(({ isIdle }) => !isIdle).map(({ waitsFor }) => waitsFor)
    const subscribers = [...this.#online, ...this.#offline]
    return [...busy, ...subscribers.flatMap((subscriber) => subscriber.missing(this.#publishers))]
  }

  async #start(): Promise<number> {
    const broker = this.#spawn(undefined)
    const port = await broker.port
    if (port === undefined) throw new Error(`the broker did not start: ${(await broker.died).words}`)
    return port
  }

  #spawn(recovery: RecoveryPoint | undefined): ChildBroker {
    const { directory, fault, environment } = this.#options
    const bulkBytes = this.#dice.below(3) === 0 ? BULK_BYTES : 0
    const broker = new ChildBroker(
      { directory, fault, recovery, bulkBytes },
      (message) => this.#faulted(message),
      environment,
    )
    this.#broker = broker
    return broker
  }

  #faulted(message: string): void {
    this.ledger.violated('broker', `the broker logged an error: ${message}`)
  }
}

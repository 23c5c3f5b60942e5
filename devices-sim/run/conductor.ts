import type { Device } from '../devices/device.ts'
import type { Stage } from '../devices/stage.ts'
import { SeededSource, seedOf } from '../random.ts'
import type { Subscriber } from '../subscribers/subscriber.ts'
import type { PlannedPhase } from '../timing/timetable.ts'

/** How often devices that are due to connect, or to leave, are looked for. */
const BEAT_MS = 10
const PICKS = 20

/** Lets devices connect, leave and come back, and subscribers go away, as the timetable has it. */
export class Conductor {
  readonly #stage: Stage
  /** Of this process. */
  readonly #devices: readonly Device[]
  readonly #allDevices: number
  #connecting = 0

  constructor(stage: Stage, devices: readonly Device[], allDevices: number) {
    this.#stage = stage
    this.#devices = devices
    this.#allDevices = allDevices
  }

  start(subscribers: readonly Subscriber[]): void {
    this.#ramp()
    for (const planned of this.#stage.timetable.phases) this.#perform(planned)
    for (const subscriber of subscribers) this.#planAbsences(subscriber)
  }

  /** Device n of N connects after n/N of the ramp. */
  #ramp(): void {
    const { clock, timetable } = this.#stage
    const pace = timetable.rampEndUs / this.#allDevices
    const nowUs = clock.nowUs()
    for (;;) {
      const device = this.#devices[this.#connecting]
      if (device === undefined) return
      if (device.number * pace > nowUs) break
      this.#connecting++
      device.connect()
    }
    this.#stage.after(BEAT_MS, () => this.#ramp())
  }

  #perform(planned: PlannedPhase): void {
    const { phase, fromUs } = planned
    if (phase.phase === 'storm') this.#at(fromUs, () => this.#storm(planned))
    if (phase.phase === 'churn') this.#at(fromUs, () => this.#churn(planned, this.#randomOf(planned), 0))
  }

  /** The share is kept in each process: those whose chance is least. */
  #storm({ phase, fromUs }: PlannedPhase): void {
    if (phase.phase !== 'storm') return
    const chances = this.#devices
      .filter((device) => phase.fleet === undefined || device.fleet.name === phase.fleet)
      .map((device) => {
        const seed = seedOf(this.#stage.seed, device.fleet.name, device.number, `storm ${fromUs}`)
        return { device, chance: new SeededSource(seed).next() }
      })
      .toSorted((one, other) => one.chance - other.chance)
    const leaving = chances.slice(0, Math.round(chances.length * phase.share))
    for (const { device } of leaving) device.disturb(phase.how, phase.away)
  }

  /** Each process lets its part of the devices leave. */
  #churn(planned: PlannedPhase, random: SeededSource, left: number): void {
    const { phase, fromUs, toUs } = planned
    const nowUs = this.#stage.clock.nowUs()
    if (phase.phase !== 'churn' || nowUs >= toUs) return
    const candidates =
      phase.fleet === undefined ? this.#devices : this.#devices.filter(({ fleet }) => fleet.name === phase.fleet)
    const perUs = (phase.perSecond * this.#devices.length) / this.#allDevices / 1_000_000
    const wanted = Math.floor((nowUs - fromUs) * perUs)
    for (let count = left; count < wanted && candidates.length > 0; count++) {
      pickOnline(candidates, random)?.disturb(phase.how, phase.away)
    }
    this.#stage.after(BEAT_MS, () => this.#churn(planned, random, wanted))
  }

  #planAbsences(subscriber: Subscriber): void {
    const { options, name } = subscriber.group
    const { windows } = this.#stage.awayWindows
    for (const { from, lasts, how } of options.away) {
      const fromUs = this.#stage.timetable.rampEndUs + from * 1000
      const window = windows.findIndex((one) => one.subscriber === name && one.fromUs === fromUs)
      this.#at(fromUs, () => subscriber.goAway(window, lasts, how))
    }
  }

  #at(us: number, action: () => void): void {
    this.#stage.after(Math.max(0, (us - this.#stage.clock.nowUs()) / 1000), action)
  }

  #randomOf({ fromUs }: PlannedPhase): SeededSource {
    return new SeededSource(seedOf(this.#stage.seed, 'churn', this.#devices[0]?.number ?? 0, String(fromUs)))
  }
}

/** One of those that are there, as far as some tries find one. */
function pickOnline(devices: readonly Device[], random: SeededSource): Device | undefined {
  for (let tries = 0; tries < PICKS; tries++) {
    const device = devices[Math.floor(random.next() * devices.length)]
    if (device?.isOnline === true) return device
  }
  return undefined
}

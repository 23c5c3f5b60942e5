import type { FleetOnStage } from '../devices/fleet-on-stage.ts'
import type { ClientEvents, InboundPublish, SimulatedClient } from '../engines/engine.ts'
import { LatencyHistogram } from '../measures/latency-histogram.ts'
import { readMark, readMarkText } from '../payloads/read-mark.ts'
import { type Mark, markText } from '../proof/mark.ts'
import type { Command } from '../scenario/schema.ts'
import { compileTemplate, parseTemplate } from '../scenario/template.ts'

/** Above the numbers of all streams, so that no subscriber takes a command for a message of a device. */
export const FIRST_COMMAND_STREAM = 1000

/** Says commands to one device after the other and waits for their answers. */
export class Controller implements ClientEvents {
  readonly name: string
  readonly #command: Command
  readonly #fleet: FleetOnStage
  readonly #numbers: readonly number[]
  readonly #stream: number
  readonly #client: SimulatedClient
  readonly #topic
  readonly #responseTopic
  readonly #protocolVersion: 4 | 5
  readonly #onReady: (fault: string | undefined) => void
  readonly roundTrips = new LatencyHistogram()
  sent = 0
  answered = 0
  /** Commands without an answer, by sequence number. */
  readonly #open = new Map<number, { readonly device: number; readonly dueUs: number }>()
  #isConnected = false
  #isGone = false
  #startedUs = 0
  timedOut = 0

  /** `numbers`: the devices of the fleet in this process. */
  constructor(
    about: { readonly name: string; readonly command: Command; readonly index: number },
    fleet: FleetOnStage,
    numbers: readonly number[],
    onReady: (fault: string | undefined) => void,
  ) {
    this.name = about.name
    this.#command = about.command
    this.#fleet = fleet
    this.#numbers = numbers
    this.#stream = FIRST_COMMAND_STREAM + about.index
    this.#protocolVersion = fleet.protocolVersion
    this.#topic = compileTemplate(about.command.topic)
    this.#responseTopic = compileTemplate(about.command.responseTopic)
    this.#onReady = onReady
    this.#client = fleet.engine.createClient(this)
  }

  connect(): void {
    if (this.#isGone) return
    this.#client.connect({
      clientId: `${this.#fleet.name}-${this.name}-controller-${this.#numbers[0] ?? 0}`,
      protocolVersion: this.#protocolVersion,
      cleanStart: true,
      sessionExpiryInterval: 0,
      keepAlive: 60,
      ...this.#fleet.credentialsOf(this.#numbers[0] ?? 1),
      will: undefined,
      localAddress: undefined,
    })
  }

  /** Says a command whenever one is due, until nothing is due any more. */
  start(): void {
    const { stage } = this.#fleet
    this.#startedUs = stage.timetable.rampEndUs
    this.#tick()
  }

  leave(): void {
    this.#isGone = true
    this.#client.disconnect()
  }

  /** Answers that are still to come, as far as they are not too late. */
  get isIdle(): boolean {
    this.#giveUpLate()
    return this.#open.size === 0
  }

  connected(): void {
    this.#isConnected = true
    this.#client.subscribe([{ topicFilter: answersFilter(this.#command.responseTopic), qos: this.#command.qos }])
  }

  subscribed(reasonCodes: readonly number[]): void {
    const isRefused = reasonCodes.some((code) => code >= 0x80)
    this.#onReady(isRefused ? `the broker refused the answers of the commands ${this.name}` : undefined)
  }

  received(message: InboundPublish): void {
    const text = message.mark
    const mark = text === undefined ? readMark(message.payload) : readMarkText(text)
    if (mark === undefined || mark.stream !== this.#stream || mark.run !== this.#fleet.stage.run) return
    const command = this.#open.get(mark.sequence)
    // the answers of other processes' devices arrive here too
    if (command === undefined || command.device !== mark.device) return
    this.#open.delete(mark.sequence)
    this.answered++
    this.roundTrips.record(this.#fleet.stage.clock.nowUs() - command.dueUs)
  }

  acknowledged(): void {}

  writable(): void {}

  closed(reason: string): void {
    this.#isConnected = false
    this.#onReady(`the controller of ${this.name}: ${reason}`)
    this.#fleet.stage.after(1000, () => this.connect())
  }

  #tick(): void {
    const { stage } = this.#fleet
    const perUs = (this.#command.perSecond * this.#numbers.length) / this.#fleet.options.count / 1_000_000
    const nowUs = stage.clock.nowUs()
    if (nowUs >= stage.timetable.endUs || this.#isGone) return
    while (this.#startedUs + (this.sent + 1) / perUs <= nowUs) this.#say(this.#startedUs + (this.sent + 1) / perUs)
    this.#giveUpLate()
    stage.after(5, () => this.#tick())
  }

  #say(dueUs: number): void {
    const number = this.#numbers[this.sent % this.#numbers.length] as number
    this.sent++
    const device = this.#fleet.firstDevice + number - 1
    this.#open.set(this.sent, { device, dueUs })
    if (!this.#isConnected) return // it times out
    const { stage } = this.#fleet
    const identity = this.#fleet.identityOf(number)
    const mark: Mark = { run: stage.run, device, stream: this.#stream, sequence: this.sent, dueUs: Math.round(dueUs) }
    const isVersion5 = this.#protocolVersion === 5
    this.#client.publish({
      topic: this.#topic(identity),
      payload: Buffer.from(isVersion5 ? '' : markText(mark)),
      qos: this.#command.qos,
      retain: false,
      token: 0,
      expiry: undefined,
      mark: isVersion5 ? markText(mark) : undefined,
      userProperties: undefined,
      responseTopic: isVersion5 ? this.#responseTopic(identity) : undefined,
      correlationData: isVersion5 ? Buffer.from(String(this.sent)) : undefined,
    })
  }

  #giveUpLate(): void {
    const latestUs = this.#fleet.stage.clock.nowUs() - this.#command.timeout * 1000
    for (const [sequence, { dueUs }] of this.#open) {
      if (dueUs > latestUs) return // they are in the order of their due times
      this.#open.delete(sequence)
      this.timedOut++
    }
  }
}

/** A filter for the answers of all devices: levels with something of the device's own become `+`. */
function answersFilter(responseTopic: string): string {
  return responseTopic
    .split('/')
    .map((level) => {
      const outcome = parseTemplate(level)
      return 'parts' in outcome && outcome.parts.every((part) => typeof part === 'string')
        ? outcome.parts.join('')
        : '+'
    })
    .join('/')
}

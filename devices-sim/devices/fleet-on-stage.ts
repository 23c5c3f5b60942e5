import type { ConnectTerms, Engine, SimulatedClient, SubscriptionTerms } from '../engines/engine.ts'
import { type PayloadWriter, payloadWriter } from '../payloads/payload-writer.ts'
import { type Mark, markText } from '../proof/mark.ts'
import { SeededSource, seededRandom, seedOf } from '../random.ts'
import type { PlannedPhase } from '../timing/timetable.ts'
import { type Flow, flowsOf, type FlowKind } from '../scenario/flows.ts'
import { deviceIdentities, type Identities } from '../scenario/identities.ts'
import type { Fleet, Scenario, StatusMessage } from '../scenario/schema.ts'
import { compileTemplate, type Template, type TemplateValues } from '../scenario/template.ts'
import type { ReadCsv } from '../sensors/csv.ts'
import { makeSensor } from '../sensors/make-sensor.ts'
import type { Sensor, SensorFunction } from '../sensors/sensor.ts'
import { type CommandTopic, commandTopicsOf } from './command-topics.ts'
import type { Device } from './device.ts'
import { FlowOnStage } from './flow-on-stage.ts'
import type { Readings } from './read-sensors.ts'
import { SparkplugFleet } from './sparkplug-fleet.ts'
import type { Stage } from './stage.ts'
import type { Stream } from './stream.ts'

/** What devices say of themselves: not due at any time, so no latency is counted. */
const NOT_TIMED = 0

/** What the devices of a fleet share in one process: how they connect, what they send, and what is counted together. */
export class FleetOnStage {
  readonly stage: Stage
  readonly name: string
  readonly options: Fleet
  readonly firstDevice: number
  readonly protocolVersion: 4 | 5
  readonly engine: Engine
  readonly flows: readonly FlowOnStage[]
  readonly sensorNames: readonly string[]
  readonly spikes: readonly PlannedPhase[]
  readonly identityOf: Identities
  readonly commandTopics: readonly CommandTopic[]
  readonly hasWill: boolean
  /** 0 where its will is published at once: the delay ends with the session. */
  readonly willDelayMs: number
  readonly #writers: readonly (PayloadWriter | undefined)[]
  readonly #byKind: Partial<Record<FlowKind, FlowOnStage>>
  readonly #statusTexts: Partial<Record<FlowKind, Template>>
  readonly #userName: Template | undefined
  readonly #password: Template | undefined
  readonly sparkplug: SparkplugFleet | undefined
  readonly #backOff: SeededSource
  readonly #readCsv: ReadCsv

  constructor(stage: Stage, scenario: Scenario, name: string, readCsv: ReadCsv) {
    const options = scenario.fleets[name] as Fleet
    this.stage = stage
    this.name = name
    this.options = options
    this.protocolVersion = (options.protocol ?? scenario.protocol) === '5' ? 5 : 4
    this.engine = stage.engines[options.engine ?? scenario.engine]()
    this.sensorNames = Object.keys(options.sensors)
    this.spikes = stage.timetable.phases.filter(({ phase }) => phase.phase === 'spike')
    this.identityOf = deviceIdentities(scenario, name, stage.run)
    this.commandTopics = commandTopicsOf(scenario, name)
    this.#readCsv = readCsv
    this.#backOff = new SeededSource(seedOf(stage.seed, name, 0, 'back-off'))
    this.#userName = options.userName === undefined ? undefined : compileTemplate(options.userName)
    this.#password = options.password === undefined ? undefined : compileTemplate(options.password)
    const flows = flowsOf(scenario).filter((flow) => flow.fleet === name)
    this.firstDevice = flows[0]?.firstDevice ?? firstDeviceOf(scenario, name)
    this.flows = flows.map((flow) => new FlowOnStage(this, flow, options.messages[flow.message ?? '']))
    this.#byKind = Object.fromEntries(this.flows.map((flow) => [flow.flow.kind, flow]))
    this.hasWill = options.will !== undefined || options.sparkplug !== undefined
    const delayMs = Math.min(options.will?.delay ?? 0, options.sessionExpiry)
    this.willDelayMs = options.session === 'persistent' ? delayMs : 0
    this.#statusTexts = statusTexts(options)
    this.sparkplug = options.sparkplug === undefined ? undefined : new SparkplugFleet(this, readCsv)
    this.#writers = this.flows.map(({ flow }) => this.#writerOf(flow))
  }

  flowOf(kind: FlowKind): FlowOnStage | undefined {
    return this.#byKind[kind]
  }

  makeSensors(number: number): Sensor[] {
    const { seed } = this.stage
    return Object.entries(this.options.sensors).map(([sensor, options]) => {
      const own = seedOf(seed, this.name, number, sensor)
      if (typeof options === 'function') return this.#functionSensor(options, sensor, number, own)
      return makeSensor(options, { seed: own, readCsv: this.#readCsv })
    })
  }

  /** Whoever wrote the function is told which one threw, and where. */
  #functionSensor(make: SensorFunction, name: string, number: number, seed: number): Sensor {
    const fail = (error: unknown): null => {
      const what = error instanceof Error ? error.message : String(error)
      this.stage.fail(`the sensor function ${this.name}.${name} threw for device ${number}: ${what}`)
      return null
    }
    try {
      const read = make({ number, random: seededRandom(seed) })
      return {
        read(context) {
          try {
            return read(context)
          } catch (error) {
            return fail(error)
          }
        },
      }
    } catch (error) {
      return { read: () => fail(error) }
    }
  }

  /** How long to wait before an attempt to come back, 0 for the first. */
  backOffMs(attempt: number): number {
    const { first, factor, most, jitter } = this.options.reconnect
    const wait = Math.min(most, first * factor ** Math.min(attempt, 64))
    return wait * (1 - jitter * this.#backOff.next())
  }

  connectTerms(device: Device, connection: number): ConnectTerms {
    const { options } = this
    const isPersistent = options.session === 'persistent'
    return {
      ...this.plainTerms(device),
      // what an earlier run left behind is none of ours; 3.1.1 has it discarded before, since one flag means both there
      cleanStart: !isPersistent || (connection === 1 && this.protocolVersion === 5),
      sessionExpiryInterval: isPersistent ? Math.max(1, Math.ceil(options.sessionExpiry / 1000)) : 0,
      will: this.sparkplug?.will(device, connection) ?? this.#willTerms(device, connection),
    }
  }

  /** Without will, and without a session that outlives the connection. */
  plainTerms(device: Device): ConnectTerms {
    const { sourceAddresses } = this.stage
    return {
      clientId: device.clientId,
      protocolVersion: this.protocolVersion,
      cleanStart: true,
      sessionExpiryInterval: 0,
      keepAlive: Math.ceil(this.options.keepAlive / 1000),
      ...this.credentialsOf(device.numberInFleet),
      will: undefined,
      localAddress: sourceAddresses[device.number % Math.max(1, sourceAddresses.length)],
    }
  }

  credentialsOf(number: number): Pick<ConnectTerms, 'userName' | 'password'> {
    const identity = this.identityOf(number)
    return { userName: this.#userName?.(identity), password: this.#password?.(identity) }
  }

  /** Sends one message of the clock's. Returns false when the socket takes no more for now. Hot path. */
  publish(
    device: Device,
    client: SimulatedClient,
    stream: Stream,
    sequence: number,
    dueUs: number,
    token: number,
    readings: Readings,
  ): boolean {
    const { flow } = stream
    const { stage, protocolVersion } = this
    const mark: Mark = { run: stage.run, device: device.number, stream: flow.stream, sequence, dueUs }
    const context = {
      readings,
      mark: protocolVersion === 5 ? undefined : mark,
      timeMs: stage.clock.simulatedMs(dueUs),
      dueUs,
      sequence,
      run: stage.run,
      fleet: this.name,
      number: device.numberInFleet,
      client: device.clientId,
    }
    const writer = this.#writers[flow.stream]
    const payload = writer?.write(context) ?? (this.sparkplug as SparkplugFleet).data(device, flow, context)
    flow.sent++
    stage.tallies.sent++
    this.#noteSent(stream, sequence)
    if (flow.flow.retain) stage.retained.set(stream.topic, mark)
    return client.publish({
      topic: stream.topic,
      payload,
      qos: flow.flow.qos,
      retain: flow.flow.retain,
      token,
      expiry: flow.expiry,
      mark: protocolVersion === 5 ? markText(mark) : undefined,
      userProperties: this.#userProperties(flow, context),
      responseTopic: undefined,
      correlationData: undefined,
    })
  }

  publishBirths(device: Device, client: SimulatedClient): void {
    this.#publishStatus(device, client, 'birth')
    this.sparkplug?.publishBirths(device, client)
  }

  publishGoodbye(device: Device, client: SimulatedClient): void {
    this.#publishStatus(device, client, 'goodbye')
    this.sparkplug?.publishDeath(device, client)
  }

  recordAcknowledgement(flow: FlowOnStage, dueUs: number): void {
    const { stage } = this
    if (dueUs === NOT_TIMED) return
    const us = stage.clock.nowUs() - dueUs
    stage.latencies.secondAcknowledgement.record(us)
    if (dueUs < stage.timetable.warmUpEndUs) return
    flow.acknowledgements.record(us)
  }

  subscriptionsOf(device: Device): SubscriptionTerms[] {
    const identity = this.identityOf(device.numberInFleet)
    const own = this.commandTopics.map(({ topic, qos }) => ({ topicFilter: topic(identity), qos }))
    return [...own, ...(this.sparkplug?.subscriptions(device) ?? [])]
  }

  /** The will of a connection is what its topic must retain, if it is retained at all. */
  retainWill(device: Device, connection: number): void {
    const flow = this.#byKind.will
    if (flow?.flow.retain !== true) return
    const mark = {
      run: this.stage.run,
      device: device.number,
      stream: flow.stream,
      sequence: connection,
      dueUs: NOT_TIMED,
    }
    this.stage.retained.set((device.streams[flow.stream] as Stream).topic, mark)
  }

  forgetRetainedWill(device: Device): void {
    const flow = this.#byKind.will
    if (flow?.flow.retain === true) this.stage.retained.delete((device.streams[flow.stream] as Stream).topic)
  }

  /** Nobody knows whether this message was taken, so nobody can say what its topic must retain. */
  forgetRetained(stream: Stream, sequence: number): void {
    const kept = this.stage.retained.get(stream.topic)
    if (kept?.stream === stream.flow.stream && kept.sequence === sequence) this.stage.retained.delete(stream.topic)
  }

  #publishStatus(device: Device, client: SimulatedClient, kind: 'birth' | 'goodbye'): void {
    const flow = this.#byKind[kind]
    if (flow === undefined) return
    const stream = device.streams[flow.stream] as Stream
    const sequence = ++stream.sequence
    const { mark, payload } = this.#statusOf(device, kind, flow, sequence)
    const token = device.sending(stream, sequence)
    flow.countSaid()
    this.#noteSent(stream, sequence)
    if (flow.flow.retain) this.stage.retained.set(stream.topic, mark)
    client.publish({
      topic: stream.topic,
      payload,
      qos: flow.flow.qos,
      retain: flow.flow.retain,
      token,
      expiry: undefined,
      mark: this.protocolVersion === 5 ? markText(mark) : undefined,
      userProperties: undefined,
      responseTopic: undefined,
      correlationData: undefined,
    })
  }

  /** Kept only near absences of subscribers: then it matters whether it was sent before, while or after. */
  #noteSent(stream: Stream, sequence: number): void {
    const { clock, sendLog } = this.stage
    if (!sendLog.isNeeded) return
    const nowUs = clock.nowUs()
    if (sendLog.isOpen(nowUs)) (stream.sentNearAbsence ??= []).push(sequence, nowUs)
  }

  #willTerms(device: Device, connection: number): ConnectTerms['will'] {
    const flow = this.#byKind.will
    const { will } = this.options
    if (flow === undefined || will === undefined) return undefined
    const { mark, payload } = this.#statusOf(device, 'will', flow, connection)
    return {
      topic: (device.streams[flow.stream] as Stream).topic,
      payload,
      qos: will.qos,
      retain: will.retain,
      delay: will.delay === undefined ? undefined : Math.ceil(will.delay / 1000),
      mark: this.protocolVersion === 5 ? markText(mark) : undefined,
    }
  }

  #statusOf(device: Device, kind: FlowKind, flow: FlowOnStage, sequence: number): { mark: Mark; payload: Uint8Array } {
    const mark = { run: this.stage.run, device: device.number, stream: flow.stream, sequence, dueUs: NOT_TIMED }
    const values: TemplateValues = { ...this.identityOf(device.numberInFleet), sequence }
    const text = this.#statusTexts[kind]?.(values) ?? ''
    return { mark, payload: Buffer.from(this.protocolVersion === 5 ? text : `${markText(mark)} ${text}`) }
  }

  #userProperties(flow: FlowOnStage, values: TemplateValues): Record<string, string> | undefined {
    const { userProperties } = flow
    return userProperties && Object.fromEntries(userProperties.map(([name, text]) => [name, text(values)]))
  }

  #writerOf(flow: Flow): PayloadWriter | undefined {
    const message = this.options.messages[flow.message ?? '']
    if (flow.message === undefined || message === undefined || message.payload.format === 'sparkplug') return undefined
    const seed = seedOf(this.stage.seed, this.name, 0, flow.message)
    return payloadWriter(message.payload, { sensors: this.sensorNames, seed, compileTemplate })
  }
}

function statusTexts({ birth, will, goodbye }: Fleet): Partial<Record<FlowKind, Template>> {
  const given: [FlowKind, StatusMessage | undefined][] = [
    ['birth', birth],
    ['will', will],
    ['goodbye', goodbye],
  ]
  return Object.fromEntries(given.flatMap(([kind, status]) => (status ? [[kind, compileTemplate(status.text)]] : [])))
}

/** A fleet without a flow has devices all the same. */
function firstDeviceOf(scenario: Scenario, name: string): number {
  let first = 0
  for (const [fleet, { count }] of Object.entries(scenario.fleets)) {
    if (fleet === name) break
    first += count
  }
  return first
}

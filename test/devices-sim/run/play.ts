import { defineScenario } from '../../../devices-sim/scenario/define-scenario.ts'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { Delivery, Publishing, RunReport } from '../../../devices-sim/report/run-report.ts'
import { runScenario, type RunOptions } from '../../../devices-sim/run/run-scenario.ts'
import { type Broker, createBroker, type PartialSettings } from '../../../src/index.ts'
import type { Judge } from '../../support/mqtt-leg.ts'
import { type MqttProxy, startMqttProxy } from '../../support/mqtt-proxy.ts'

export interface RunningBroker {
  readonly broker: Broker
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** A broker in this process, in real time. */
export async function startBroker(settings: PartialSettings = {}, port = 0): Promise<RunningBroker> {
  const broker = createBroker({ listeners: [{ kind: 'tcp', host: '127.0.0.1', port }], ...settings })
  const [address] = await broker.listen()
  const own = address?.port ?? 0
  return { broker, port: own, url: `mqtt://127.0.0.1:${own}`, close: () => broker.close({ graceMs: 0 }) }
}

export interface Played {
  readonly report: RunReport
  readonly passed: MqttProxy['passed']
  readonly addresses: MqttProxy['addresses']
}

export interface Play {
  readonly judge?: Judge
  readonly slowMs?: number
  readonly settings?: PartialSettings
  readonly options?: RunOptions
  /** Called before the run begins. */
  readonly before?: (broker: RunningBroker) => Promise<void>
}

/** Plays a scenario on a broker of its own, through a proxy. */
export async function play(scenario: ScenarioInput, given: Play = {}): Promise<Played> {
  const { judge, slowMs = 0, settings, options, before } = given
  const broker = await startBroker(settings)
  const proxy = await startMqttProxy({ brokerPort: broker.port, slowMs, ...(judge && { judge }) })
  try {
    await before?.(broker)
    const report = await runScenario(defineScenario({ ...scenario, broker: { url: proxy.url } }), options)
    return { report, passed: proxy.passed, addresses: proxy.addresses }
  } finally {
    await proxy.close()
    await broker.close()
  }
}

export function deliveryOf(report: RunReport, flow: string, subscriber: string): Delivery {
  const row = report.deliveries.find((one) => one.flow === flow && one.subscriber === subscriber)
  if (row === undefined) throw new Error(`there is no delivery of ${flow} to ${subscriber}`)
  return row
}

export function publishingOf(report: RunReport, flow: string): Publishing {
  const row = report.publishing.find((one) => one.flow === flow)
  if (row === undefined) throw new Error(`nothing is published as ${flow}`)
  return row
}

import { createRequire } from 'node:module'
import type { ClientEvents, Engine, EngineOptions, SimulatedClient } from '../engine.ts'
import { streamOpener } from '../light/client-stream.ts'
import { MqttjsClient, type MqttjsShared } from './mqttjs-client.ts'

/** Clients that are MQTT.js, for fidelity: its codec, its order of packets, its keep alive. */
export function mqttjsEngine(options: EngineOptions): Engine {
  const shared: MqttjsShared = {
    // loaded here, so that a run of light clients does without it
    mqtt: createRequire(import.meta.url)('mqtt') as typeof import('mqtt'),
    open: streamOpener(options),
  }
  const clients = new Set<MqttjsClient>()
  return {
    createClient(events: ClientEvents, predecessor?: SimulatedClient): SimulatedClient {
      const client = new MqttjsClient(shared, events, predecessor as MqttjsClient | undefined)
      clients.add(client)
      return client
    },
    close() {
      for (const client of clients) client.drop()
      return Promise.resolve()
    },
  }
}

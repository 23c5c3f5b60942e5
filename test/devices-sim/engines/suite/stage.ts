import { afterEach, expect } from 'vitest'
import type { Engine, EngineOptions } from '../../../../devices-sim/engines/engine.ts'
import type { ProtocolVersion } from '../../../support/wire-packets.ts'
import { ScriptedBroker, type ScriptedConnection } from './scripted-broker.ts'
import { ToldClient } from './told-client.ts'

export type MakeEngine = (options: EngineOptions) => Engine

/** Where an engine may differ; the suite asserts what it says here. */
export interface EngineTraits {
  /** Milliseconds of silence after CONNACK, at a keep alive of 1 s, after which it pings and then gives up. */
  readonly pingsAfterMs: number
  readonly givesUpAfterMs: number
}

/** What every part of the suite is given. */
export interface Subject {
  readonly make: MakeEngine
  readonly traits: EngineTraits
}

export const versions = [4, 5] as const
export const qosLevels = [0, 1, 2] as const
export const noTls = { ca: undefined, cert: undefined, key: undefined, insecure: false } as const

const engines = new Set<Engine>()
const clients = new Set<ToldClient>()
const scripted = new Set<ScriptedBroker>()

/** To be called in each `describe`: what a test opened is closed, and no event was told from within a call. */
export function clearStage(): void {
  afterEach(async () => {
    const nested = [...clients].flatMap((client) => client.nested)
    for (const engine of engines) await engine.close()
    for (const broker of scripted) broker.close()
    engines.clear()
    clients.clear()
    scripted.clear()
    expect(nested).toEqual([])
  })
}

export function openEngine({ make }: Subject, url: string, tls: EngineOptions['tls'] = noTls): Engine {
  const engine = make({ url, tls })
  engines.add(engine)
  return engine
}

export function openClient(engine: Engine): ToldClient {
  const client = new ToldClient(engine)
  clients.add(client)
  return client
}

export function newClient(subject: Subject, url: string, tls?: EngineOptions['tls']): ToldClient {
  return openClient(openEngine(subject, url, tls))
}

export async function startScripted(version: ProtocolVersion): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start(version)
  scripted.add(broker)
  return broker
}

export interface Scene {
  readonly broker: ScriptedBroker
  readonly told: ToldClient
  readonly peer: ScriptedConnection
}

/** A client that stands in front of a scripted broker. */
export async function scriptedScene(
  subject: Subject,
  protocolVersion: 4 | 5,
  terms: Partial<Parameters<ToldClient['connect']>[0]> = {},
  accept: Parameters<ScriptedConnection['accept']>[0] = {},
): Promise<Scene> {
  const broker = await startScripted(protocolVersion)
  const told = newClient(subject, broker.url)
  told.connect({ clientId: 'one', protocolVersion, ...terms })
  const peer = await broker.connection()
  peer.accept(accept)
  await told.next('connected')
  return { broker, told, peer }
}

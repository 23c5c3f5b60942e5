import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { spawnClient } from '../../../clients/spawned-client.ts'
import { CertificateAuthority, type CertificateFiles } from '../../../support/certificates.ts'
import { startTestBroker } from '../../../support/test-broker.ts'
import type { BrokerKind, RealBroker } from './real-broker.suite.ts'
import { noTls } from './stage.ts'
import { freePort } from '../../../support/free-port.ts'

/** A server certificate of an authority made for this test. */
export function makeServerCertificate(): { readonly ca: string; readonly server: CertificateFiles; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-engines-'))
  const authority = new CertificateAuthority(join(directory, 'ours'), '/CN=Test authority')
  return {
    ca: readFileSync(authority.caFile, 'utf8'),
    server: authority.issue('server', { subject: '/CN=localhost', kind: 'server' }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function startOurs(scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss'): Promise<RealBroker> {
  const isSecure = scheme === 'mqtts' || scheme === 'wss'
  const made = isSecure ? makeServerCertificate() : undefined
  const tls = made === undefined ? {} : { tls: made.server }
  const host = '127.0.0.1'
  const broker = await startTestBroker({
    listeners: [
      { kind: 'tcp', host, port: 0, ...tls },
      { kind: 'websocket', host, port: 0, ...tls },
    ],
  })
  const isWebSocket = scheme === 'ws' || scheme === 'wss'
  return {
    url: isWebSocket ? `${scheme}://${host}:${broker.webSocketPort}/mqtt` : `${scheme}://${host}:${broker.port}`,
    tls: { ...noTls, ca: made?.ca },
    async close() {
      await broker.close()
      made?.remove()
    },
  }
}

/** 3.1.1 only. */
async function startAedes(): Promise<RealBroker> {
  const aedes = await Aedes.createBroker()
  const server = net.createServer(aedes.handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    close() {
      server.close()
      return new Promise((resolve) => aedes.close(() => resolve()))
    },
  }
}

/** Listens on loopback only and takes everybody, as it does without a configuration. */
async function startMosquitto(): Promise<RealBroker> {
  const port = await freePort()
  const broker = spawnClient('/usr/sbin/mosquitto', ['-p', String(port)])
  await broker.line(/mosquitto version .* running/)
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async close() {
      broker.kill('SIGTERM')
      await broker.ended
    },
  }
}

export const brokerKinds: readonly BrokerKind[] = [
  { name: 'our broker', versions: [4, 5], saysTakenOver: true, start: () => startOurs('mqtt') },
  { name: 'our broker over WebSocket', versions: [4, 5], saysTakenOver: true, start: () => startOurs('ws') },
  { name: 'our broker over TLS', versions: [5], saysTakenOver: true, start: () => startOurs('mqtts') },
  { name: 'our broker over WebSocket and TLS', versions: [5], saysTakenOver: true, start: () => startOurs('wss') },
  { name: 'Mosquitto', versions: [4, 5], saysTakenOver: false, start: startMosquitto },
  { name: 'Aedes', versions: [4], saysTakenOver: false, start: startAedes },
]

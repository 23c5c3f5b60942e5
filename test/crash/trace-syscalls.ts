import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { ChildBroker } from './child-broker.ts'
import { FOR_EVER } from './link.ts'
import type { Fault } from './orders.ts'
import { syscallOrder, type SyscallOrder } from './syscall-order.ts'

const TRACED = 'trace=read,write,writev,sendto,sendmsg,fsync,fdatasync'

/** Why system calls cannot be watched here; undefined when they can. */
export function straceObstacle(): string | undefined {
  const { error, status, stderr } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' })
  if (error !== undefined) return 'there is no strace on this machine (Debian: apt-get install strace)'
  return status === 0 ? undefined : `strace may not watch processes here: ${stderr.trim()}`
}

/** Publishes one message after the other to a session that is away, and looks at the system calls of the broker. */
export async function traceSyscalls(
  folder: string,
  publishes: number,
  fault: Fault | undefined,
): Promise<SyscallOrder & { readonly faults: readonly string[] }> {
  const [directory, trace] = [join(folder, 'traced'), join(folder, 'trace')]
  const faults: string[] = []
  const wrapper = ['strace', '-f', '-y', '-s', '1', '-e', TRACED, '-e', 'signal=none', '-o', trace]
  const broker = new ChildBroker({ directory, fault, bulkBytes: 0 }, (message) => faults.push(message), {}, wrapper)
  try {
    const port = await broker.port
    if (port === undefined) throw new Error(`the broker did not start: ${(await broker.died).words}`)
    const properties = { sessionExpiryInterval: FOR_EVER }
    const away = await WireClient.connected({ port, clientId: 'away', properties })
    await away.subscribe({ topicFilter: 'a', qos: 1 })
    await away.disconnect(0)
    const publisher = await WireClient.connected({ port, clientId: 'publisher' })
    for (let count = 0; count < publishes; count++) await publisher.publish('a', String(count), { qos: 1 })
  } finally {
    await releaseClients()
    broker.letGo()
    await broker.died
  }
  return { ...syscallOrder(await readFile(trace, 'utf8'), directory), faults }
}

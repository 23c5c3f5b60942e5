import { createServer } from 'node:net'

/** Those from here on are given to whoever connects somewhere, at any moment. */
const lowestEphemeral = 32_768
const lowest = 12_000

/** Each worker has ports of its own: what one has found free, and is about to listen on, no other finds too. */
const workers = 8
const count = Math.floor((lowestEphemeral - lowest) / workers)
const first = lowest + (Number(process.env['VITEST_POOL_ID'] ?? 0) % workers) * count
/** Another one each time, from anywhere: other runs may be on this machine. */
let next = Math.floor(Math.random() * count)

/** A port that nobody has, for programs and settings that must name one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % count)
    if (await isFree(port)) return port
  }
}

/** So many, all different. */
export async function freePorts(wanted: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < wanted) ports.push(await freePort())
  return ports
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

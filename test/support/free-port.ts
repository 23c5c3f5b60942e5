import { createServer } from 'node:net'

/** Those from here on are given to whoever connects somewhere, at any moment. */
const lowestEphemeral = 32_768
const lowest = 12_000

/** A port that nobody has, for programs and settings that must name one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (lowestEphemeral - lowest))
    if (await isFree(port)) return port
  }
}

/** So many, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

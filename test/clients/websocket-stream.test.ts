import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import websocketStream from 'websocket-stream'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'

let broker: TestBroker

const connect = '10 0e 00 04 4d 51 54 54 04 02 00 3c 00 02 77 73'
const connack = '20 02 00 00'
const subscribe = '82 06 00 01 00 01 61 00'
const suback = '90 03 00 01 00'
const publish = '30 04 00 01 61 78'

describe('websocket-stream', () => {
  beforeAll(async () => {
    broker = await startTestBroker()
  })
  afterAll(() => broker.close())

  it.each([
    { title: 'one packet in each frame', frames: [connect, subscribe, publish] },
    { title: 'all packets in one frame', frames: [`${connect} ${subscribe} ${publish}`] },
    { title: 'a frame for every byte', frames: `${connect} ${subscribe} ${publish}`.split(' ') },
  ])('speaks MQTT 3.1.1 with $title', async ({ frames }) => {
    const stream = websocketStream(`ws://127.0.0.1:${broker.webSocketPort}`, 'mqtt')
    const expected = `${connack} ${suback} ${publish}`
    const seen = new Promise<string>((resolve, reject) => {
      const bytes: string[] = []
      stream.on('error', reject)
      stream.on('close', () => reject(new Error(`closed after ${bytes.join(' ')}`)))
      stream.on('data', (chunk: Buffer) => {
        for (const byte of chunk) bytes.push(byte.toString(16).padStart(2, '0'))
        if (bytes.join(' ').length >= expected.length) resolve(bytes.join(' '))
      })
    })
    for (const frame of frames) stream.write(Buffer.from(frame.replaceAll(' ', ''), 'hex'))
    expect(await seen).toBe(expected)
    stream.destroy()
  })
})

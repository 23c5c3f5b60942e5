import { cpSync, existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mqtt, { type MqttClient } from 'mqtt'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'
import { builtPackage } from '../support/built-package.ts'

const executablePath = '/usr/bin/chromium'
const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const root = fileURLToPath(new URL('../../', import.meta.url))
const timeouts = { timeout: 12_000 }
const free = ['--port', '0', '--mqtt-port', '0', '--ws-port', '0']

let browser: Browser
/** A copy of the package as it is after `npm run build`, so that nobody's `dist/` is waited for or disturbed. */
let mainProgram: string
let serveProgram: string
let publisher: MqttClient | undefined
let publishing: NodeJS.Timeout | undefined

beforeAll(async () => {
  if (!existsSync(executablePath)) {
    throw new Error(`there is no ${executablePath}: install the Debian package chromium (apt-get install chromium)`)
  }
  const { folder, topiary } = await builtPackage()
  mainProgram = topiary
  serveProgram = copyExample(folder)
  browser = await chromium.launch({ executablePath, args: chromiumFlags })
}, 30_000)

afterEach(async () => {
  clearInterval(publishing)
  await publisher?.endAsync(true)
  publisher = undefined
  await Promise.all(browser.contexts().map((context) => context.close()))
  killSpawnedClients()
})

afterAll(async () => {
  await browser?.close()
})

function copyExample(folder: string): string {
  const target = join(folder, 'examples/browser-dashboard')
  rmSync(target, { recursive: true, force: true })
  cpSync(join(root, 'examples/browser-dashboard'), target, { recursive: true })
  return join(target, 'serve.mjs')
}

async function startBroker(port = 0, webSocketPort = 0) {
  const ports = ['--port', String(port), '--ws-port', String(webSocketPort)]
  const program = spawnClient(process.execPath, [mainProgram, 'start', ...ports, '--log-level', 'error'])
  return {
    program,
    port: portIn(await program.line(/^ *mqtt:/)),
    webSocketPort: portIn(await program.line(/^ *ws:/)),
  }
}

function portIn(line: string): number {
  return Number(/:(\d+)\s*$/.exec(line)?.[1])
}

/** The page over a broker of the test's own. */
async function openPage(broker: { readonly port: number; readonly webSocketPort: number }, width = 1280) {
  const ports = ['--port', '0', '--mqtt-port', String(broker.port), '--ws-port', String(broker.webSocketPort)]
  const server = spawnClient(process.execPath, [serveProgram, ...ports, '--no-broker', '--no-fleet'])
  const url = (await server.line(/^page /)).replace(/^page +/, '')
  const page = await newPage(width)
  await page.goto(url)
  return { page, url, server }
}

async function newPage(width = 1280): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 800 } })
  page.setDefaultTimeout(timeouts.timeout)
  return page
}

async function connectPublisher(port: number): Promise<MqttClient> {
  publisher = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 100 })
  publisher.on('error', () => {}) // while there is no broker
  await new Promise((resolve) => publisher?.once('connect', resolve))
  return publisher
}

/** A device whose number grows by one, ten times a second, while its client is connected. */
async function publishCounter(port: number): Promise<void> {
  const client = await connectPublisher(port)
  let count = 0
  publishing = setInterval(() => {
    if (client.connected) client.publish('sim/boiler/temperature', JSON.stringify({ celsius: ++count }))
  }, 100)
}

const counterRow = (page: Page) => page.getByRole('article', { name: 'boiler' }).getByRole('button')

async function counterAbove(page: Page, least: number): Promise<number> {
  const value = counterRow(page).locator('.value')
  await expect.poll(async () => Number(await value.textContent()), timeouts).toBeGreaterThan(least)
  return Number(await value.textContent())
}

async function expectState(page: Page, state: string): Promise<void> {
  await expect.poll(() => page.getByRole('status').textContent(), timeouts).toBe(state)
}

describe('the dashboard in a browser', () => {
  it(
    'is connected, shows values as they change, draws them, and finds the broker again',
    { timeout: 24_000 },
    async () => {
      const broker = await startBroker()
      await publishCounter(broker.port)
      const { page } = await openPage(broker)
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(error.message))

      await expectState(page, 'Connected')
      const first = await counterAbove(page, 0)
      const second = await counterAbove(page, first)
      await expect.poll(async () => Number(await page.locator('#rate').textContent()), timeouts).toBeGreaterThan(5)
      expect(await page.getByRole('article', { name: 'boiler' }).textContent()).toContain('last seen just now')
      await expect.poll(() => page.locator('#chart .line').getAttribute('d'), timeouts).toMatch(/^M[\d.,]+L[\d.,L]+$/)
      expect(await page.locator('#chart-title').textContent()).toBe('boiler · temperature celsius')

      broker.program.kill('SIGKILL')
      await broker.program.ended
      await expectState(page, 'Reconnecting')
      await startBroker(broker.port, broker.webSocketPort)
      await expectState(page, 'Connected')
      await counterAbove(page, await counterAbove(page, second))
      // A line of two pieces: what was missed is not drawn.
      await expect.poll(() => page.locator('#chart .line').getAttribute('d'), timeouts).toMatch(/^M[^M]+M[^M]+$/)
      expect(problems).toEqual([])
    },
  )

  it('says what to do when no broker answers', async () => {
    const broker = await startBroker()
    broker.program.kill('SIGKILL')
    await broker.program.ended
    const { page } = await openPage(broker)
    const trouble = page.getByRole('region', { name: 'No connection' })
    await expect.poll(() => trouble.textContent(), timeouts).toContain('npm run example:dashboard')
    expect(await trouble.textContent()).toContain(`No broker answers at ws://127.0.0.1:${broker.webSocketPort}`)
    await expectState(page, 'Connecting')
  })

  it('connects to the broker that the query names, and to none of another machine', async () => {
    const broker = await startBroker()
    const { page, url } = await openPage({ port: 1, webSocketPort: 1 })
    await page.goto(`${url}?broker=ws://127.0.0.1:${broker.webSocketPort}`)
    await expectState(page, 'Connected')
    await page.goto(`${url}?broker=ws://192.0.2.1:9001`)
    const trouble = page.locator('#trouble-text')
    await expect.poll(() => trouble.textContent(), timeouts).toContain('only connect to brokers of this machine')
    await page.goto(`${url}?broker=nonsense`)
    await expectState(page, 'Not connected')
  })

  it('shows hostile topics and payloads as text, and goes on', async () => {
    const broker = await startBroker()
    const { page } = await openPage(broker)
    await expectState(page, 'Connected')
    const markup = '<img src=x onerror="document.title=1">'
    const client = await connectPublisher(broker.port)
    const messages: [string, string | Buffer][] = [
      [`sim/${markup}/<b>bold`, markup],
      [`sim/json/${markup}`, JSON.stringify({ [markup]: markup })],
      ['sim/json/prototype', '{"__proto__":{"toString":1},"constructor":2}'],
      ['sim/binary/raw', Buffer.from([0, 0xff, 0xfe])],
      ['sim/large/text', 'x'.repeat(1024 * 1024)],
      ['sim/numbers/a', '1e999'],
      ['sim/numbers/b', '[[[['],
      [`sim/${'long'.repeat(400)}/a`, '1'],
    ]
    for (const [topicName, payload] of messages) await client.publishAsync(topicName, payload)
    for (let device = 0; device < 60; device++) await client.publishAsync(`sim/flood-${device}/a`, String(device))
    await expect.poll(() => page.locator('#left-out').textContent(), timeouts).toMatch(/^Left out: 16 messages/)

    expect(await page.getByRole('article').count()).toBe(50)
    expect(await page.getByRole('article', { name: markup }).textContent()).toContain(`<b>bold ${markup}`)
    expect(await page.getByRole('article', { name: 'binary' }).textContent()).toContain('not text: 3 bytes')
    expect(await page.getByRole('article', { name: 'large' }).textContent()).toContain('too long to show: 1.0 MiB')
    expect(await page.locator('main img, main b').count()).toBe(0)
    expect(await page.title()).toBe('Devices')
    await client.publishAsync('sim/flood-1/a', '4711')
    await expect
      .poll(() => page.getByRole('article', { name: 'flood-1' }).first().textContent(), timeouts)
      .toContain('4,711')
  })

  it('fits a phone, whatever arrives', async () => {
    const broker = await startBroker()
    const { page } = await openPage(broker, 360)
    await expectState(page, 'Connected')
    const client = await connectPublisher(broker.port)
    await client.publishAsync(`sim/${'device'.repeat(25)}/${'sensor'.repeat(5)}`, 'word'.repeat(100))
    await client.publishAsync('sim/meter/energy', JSON.stringify({ kilowattHoursOfTheWholeHouse: 123_456_789.123456 }))
    await expect.poll(() => page.getByRole('article').count(), timeouts).toBe(2)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })

  it('shows another value in the chart at the press of a key', async () => {
    const broker = await startBroker()
    const { page } = await openPage(broker)
    await expectState(page, 'Connected')
    const client = await connectPublisher(broker.port)
    await client.publishAsync('sim/house/temperature', '{"celsius":20}')
    await client.publishAsync('sim/house/door', '{"open":true}')
    const door = page.getByRole('button', { name: 'door open' })
    await door.press('Enter')
    await expect.poll(() => page.locator('#chart-title').textContent(), timeouts).toBe('house · door open')
    expect(await door.getAttribute('aria-pressed')).toBe('true')
    expect(await page.getByLabel('Value shown').locator('option:checked').textContent()).toBe('door open')
  })
})

describe('serve.mjs', () => {
  it('starts broker, devices and page, and ends them all with Ctrl-C', async () => {
    const server = spawnClient(process.execPath, [serveProgram, ...free, '--devices', '3'])
    const url = (await server.line(/^page /)).replace(/^page +/, '')
    const brokerUrl = /mqtt:\S+/.exec(await server.line(/^broker /))?.[0] ?? ''
    try {
      const page = await newPage()
      await page.goto(url)
      await expect.poll(() => page.getByText('online', { exact: true }).count(), timeouts).toBe(3)
    } finally {
      server.kill('SIGINT') // in any case: its broker and devices must not outlive a failed test
      await server.ended
    }
    const { code, out, err } = await server.ended
    expect({ code, err, lines: out.trim().split('\n').length }).toEqual({ code: 0, err: '', lines: 3 })
    await expect(mqtt.connectAsync(brokerUrl, { reconnectPeriod: 0 })).rejects.toThrow('ECONNREFUSED')
  })

  it.each([
    ['/', 200, 'text/html; charset=utf-8'],
    ['/dashboard.js', 200, 'text/javascript; charset=utf-8'],
    ['/mqtt.js', 200, 'text/javascript; charset=utf-8'],
    ['/dashboard.css', 200, 'text/css; charset=utf-8'],
    ['/icon.svg', 200, 'image/svg+xml; charset=utf-8'],
    ['/serve.mjs', 404, 'text/plain; charset=utf-8'],
    ['/%2e%2e/%2e%2e/package.json', 404, 'text/plain; charset=utf-8'],
    ['/..%2f..%2fpackage.json', 404, 'text/plain; charset=utf-8'],
  ])('answers %s with %i', async (path, status, type) => {
    const ports = ['--port', '0', '--mqtt-port', '1', '--ws-port', '2']
    const server = spawnClient(process.execPath, [serveProgram, ...ports, '--no-broker', '--no-fleet'])
    const url = (await server.line(/^page /)).replace(/^page +/, '')
    const response = await fetch(url.replace(/\/$/, '') + path)
    expect([response.status, response.headers.get('content-type')]).toEqual([status, type])
    if (path !== '/') return
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).toContain('connect-src ws://127.0.0.1:2;')
    expect(await response.text()).toContain('<meta name="default-broker" content="ws://127.0.0.1:2" />')
  })

  it.each([
    [['--prot', '1'], 2, "dashboard: Unknown option '--prot'; --help shows the flags\n"],
    [['--port', 'x'], 2, 'dashboard: --port takes a whole number from 0 to 65535, not "x"\n'],
    [['--no-broker', '--ws-port', '0'], 2, 'dashboard: with --no-broker, --mqtt-port and --ws-port name the ports'],
  ])('refuses %j', async (args, code, sentence) => {
    const ended = await spawnClient(process.execPath, [serveProgram, ...args]).ended
    expect(ended).toMatchObject({ code, err: expect.stringContaining(sentence) })
  })

  it('says which flag helps when a port of the broker is taken', async () => {
    const broker = await startBroker()
    const ports = ['--port', '0', '--mqtt-port', String(broker.port), '--ws-port', '0']
    const { code, err } = await spawnClient(process.execPath, [serveProgram, ...ports]).ended
    expect(code).toBe(1)
    expect(err).toContain(`port ${broker.port} on 127.0.0.1 is already in use; choose another with --mqtt-port N`)
    expect(err).toContain('--no-broker uses that one')
  })

  it('asks for the build when dist/ is missing', async () => {
    const unbuilt = copyExample(join(dirname(dirname(mainProgram)), 'unbuilt'))
    const { code, err } = await spawnClient(process.execPath, [unbuilt, ...free]).ended
    expect(code).toBe(1)
    expect(err).toMatch(/main\.js is missing; run `npm run build` first/)
  })
})

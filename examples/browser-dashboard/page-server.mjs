import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const host = '127.0.0.1'
const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]'])
const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }
const scripts = [
  'chart.js',
  'connection.js',
  'dashboard.js',
  'device-list.js',
  'history.js',
  'message-rate.js',
  'payload.js',
  'readings.js',
  'series-menu.js',
  'words.js',
]

/** All there is to get: a path that is not in this table leads nowhere, whatever it looks like. */
const files = new Map([
  ['/', new URL('index.html', import.meta.url)],
  ...['dashboard.css', 'icon.svg', ...scripts].map((name) => [`/${name}`, new URL(name, import.meta.url)]),
  ['/mqtt.js', new URL(import.meta.resolve('mqtt/dist/mqtt.esm'))],
])

/**
 * Serves the dashboard on the loopback address.
 *
 * @param {number} port 0 takes a free one
 * @returns {Promise<{
 *   url: string,
 *   origins: string[],
 *   setBroker: (url: string) => void,
 *   close: () => void,
 * }>} rejects with the error of the socket
 */
export async function startPageServer(port) {
  let brokerUrl = 'ws://127.0.0.1:9001'
  const server = createServer((request, response) => {
    answer(request, response, brokerUrl).catch(() => response.destroy())
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const listening = server.address().port
  return {
    url: `http://${host}:${listening}/`,
    origins: [`http://${host}:${listening}`, `http://localhost:${listening}`],
    setBroker: (url) => {
      brokerUrl = url
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(request, response, brokerUrl) {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isRead) return refuse(response, 405, 'This server only answers GET and HEAD.')
  const [path, query = ''] = request.url.split('?', 2)
  const file = files.get(path)
  if (file === undefined) return refuse(response, 404, 'There is nothing here; the dashboard is at /.')
  const extension = file.pathname.split('.').at(-1)
  const content = await readFile(file)
  const body = path === '/' ? content.toString().replaceAll('ws://127.0.0.1:9001', brokerUrl) : content
  response.writeHead(200, {
    ...commonHeaders,
    'Content-Type': `${types[extension]}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Content-Security-Policy': contentSecurityPolicy([brokerUrl, new URLSearchParams(query).get('broker')]),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function refuse(response, statusCode, sentence) {
  response.writeHead(statusCode, { ...commonHeaders, 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${sentence}\n`)
}

const commonHeaders = {
  'Cache-Control': 'no-cache',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** The page may connect to these brokers and nowhere else. MQTT.js keeps its timers in a worker made from a blob. */
function contentSecurityPolicy(brokerUrls) {
  const brokers = new Set(brokerUrls.map(loopbackOrigin).filter((origin) => origin !== undefined))
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    'worker-src blob:',
    `connect-src ${[...brokers].join(' ')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The origin of a broker of this machine; undefined for anything else, for anybody can write a link with ?broker=. */
function loopbackOrigin(url) {
  if (url === null || !URL.canParse(url)) return undefined
  const { protocol, hostname, host: hostAndPort } = new URL(url)
  const isAllowed = (protocol === 'ws:' || protocol === 'wss:') && loopbackNames.has(hostname)
  return isAllowed ? `${protocol}//${hostAndPort}` : undefined
}

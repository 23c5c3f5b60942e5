import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Stats } from 'node:fs'
import type { Readable } from 'node:stream'
import sirv from 'sirv'

export type ServeFile = (request: IncomingMessage, response: ServerResponse) => void

/** Serves the files of a directory, as they are at each request; `index.html` where a directory is asked for. */
export function fileServer(directory: string): ServeFile {
  const serve = sirv(directory, { dev: true, etag: true, setHeaders: refuseOthers }) // dev: looks at the disk each time
  return (request, response) => {
    response.setHeader('Connection', 'close')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, 'Only GET and HEAD are served.\n')
      return
    }
    // a file may be gone, or not be ours to read, when it is opened: that ends this answer, never the broker
    response.once('pipe', (file: Readable) => file.once('error', () => response.destroy()))
    try {
      serve(request, response, () => answer(response, 404, 'There is no such file.\n'))
    } catch {
      if (response.headersSent) response.destroy()
      else answer(response, 404, 'There is no such file.\n')
    }
  }
}

/** Opening a pipe would wait for whoever writes to it. */
function refuseOthers(_response: ServerResponse, _path: string, stats: Stats): void {
  if (!stats.isFile()) throw new Error('this is no file')
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(text)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import sirv from 'sirv'

export type ServeFile = (request: IncomingMessage, response: ServerResponse) => void

/** Serves the files of a directory, as they are at each request; `index.html` where a directory is asked for. */
export function fileServer(directory: string): ServeFile {
  const serve = sirv(directory, { dev: true, etag: true }) // dev: looks at the disk each time
  return (request, response) => {
    response.setHeader('Connection', 'close')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'Only GET and HEAD are served.\n')
    else serve(request, response, () => answer(response, 404, 'There is no such file.\n'))
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(text)
}

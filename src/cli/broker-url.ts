import { UsageError } from './cli-error.ts'

/** Ends with a UsageError when `text` names no broker that can be reached. */
export function checkUrl(text: string): void {
  const shown = withoutCredentials(text)
  const rule = `--url takes mqtt://host:port or ws://host:port, not "${shown}"`
  if (!text.includes('://')) {
    const meant = `mqtt://${shown}`
    throw new UsageError(shown !== '' && URL.canParse(meant) ? `${rule}; did you mean ${meant}?` : rule)
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'mqtts:' || url?.protocol === 'wss:') {
    throw new UsageError(`--url ${url.protocol}// is TLS, which is not there yet; use mqtt:// or ws://`)
  }
  if (url === undefined || !['mqtt:', 'ws:'].includes(url.protocol) || url.hostname === '') throw new UsageError(rule)
  if (url.protocol === 'mqtt:' && !['', '/'].includes(url.pathname + url.search + url.hash)) {
    throw new UsageError(`--url mqtt:// takes no path, only mqtt://host:port; not "${shown}"`)
  }
}

/** A URL as messages may show it: without user name and password. */
export function shownUrl(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}

function withoutCredentials(text: string): string {
  return text.replace(/^([^/]*\/\/)?.*@/, '$1')
}

import { UsageError } from './cli-error.ts'

const schemes: readonly string[] = ['mqtt://', 'mqtts://', 'ws://', 'wss://']

/** Ends with a UsageError when `text` names no broker that can be reached. */
export function checkUrl(text: string): void {
  const shown = withoutCredentials(text)
  const rule = `--url takes ${schemes.join(', ')} and host:port, not "${shown}"`
  if (!text.includes('://')) {
    const meant = `mqtt://${shown}`
    throw new UsageError(shown !== '' && URL.canParse(meant) ? `${rule}; did you mean ${meant}?` : rule)
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !schemes.includes(`${url.protocol}//`) || url.hostname === '') throw new UsageError(rule)
  if (url.protocol.startsWith('mqtt') && !['', '/'].includes(url.pathname + url.search + url.hash)) {
    throw new UsageError(`--url ${url.protocol}// takes no path, only ${url.protocol}//host:port; not "${shown}"`)
  }
}

export function isEncrypted(url: string): boolean {
  return url.startsWith('mqtts:') || url.startsWith('wss:')
}

/** A URL as messages may show it: without user name and password. */
export function shownUrl(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}

function withoutCredentials(text: string): string {
  return text.replace(/^([^/]*\/\/)?.*@/, '$1')
}

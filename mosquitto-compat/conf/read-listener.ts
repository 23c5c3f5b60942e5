import { readInteger } from './read-value.ts'

type ReadListener =
  { readonly port: number; readonly address: string | undefined; readonly notice?: string } | { readonly fault: string }

/** The value of `listener`: PORT, PORT ADDRESS, or 0 PATH. */
export function readListener(value: string): ReadListener {
  const [first = '', rest = ''] = value.split(/ +(.*)/)
  const port = readInteger(first)
  if (port === undefined || port < 0 || port > 65_535) {
    return { fault: `listener takes a port from 0 to 65535 first, not "${first}"` }
  }
  // the path of a socket may hold blanks
  if (port === 0)
    return rest === ''
      ? { fault: 'listener 0 needs the path of a Unix socket: listener 0 PATH' }
      : { port, address: rest }
  const [address, ...others] = rest.split(' ')
  const notice = others.length > 0 ? { notice: `only "${address}" counts, what follows is ignored` } : {}
  return { port, address: address === '' ? undefined : address, ...notice }
}

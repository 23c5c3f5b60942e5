/** What the command line asks for. */
export interface MosquittoFlags {
  readonly file: string | undefined
  readonly ports: readonly number[]
  readonly isDaemon: boolean
  readonly log: 'verbose' | 'quiet' | undefined
  readonly wants: 'start' | 'test' | 'help' | 'version'
}

const MAXIMUM_PORTS = 10

/** The command line is wrong. */
export class MosquittoFlagError extends Error {
  override readonly name = 'MosquittoFlagError'
}

/** As Mosquitto reads them. Throws MosquittoFlagError. */
export function readMosquittoFlags(argv: readonly string[]): MosquittoFlags {
  let file: string | undefined
  const ports: number[] = []
  let isDaemon = false
  let log: MosquittoFlags['log']
  let wants: MosquittoFlags['wants'] = 'start'
  const rest = [...argv]
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    switch (flag) {
      case '-c':
      case '--config-file':
        file = rest.shift()
        if (file === undefined) throw new MosquittoFlagError(`${flag} argument given, but no config file specified.`)
        break
      case '-p':
      case '--port':
        ports.push(portOf(flag, rest.shift()))
        if (ports.length > MAXIMUM_PORTS) throw new MosquittoFlagError(`Only ${MAXIMUM_PORTS} ports can be specified.`)
        break
      case '-d':
      case '--daemon':
        isDaemon = true
        break
      case '-v':
      case '--verbose':
        log ??= 'verbose'
        break
      case '-q':
      case '--quiet':
        log = 'quiet'
        break
      case '--test-config':
        wants = 'test'
        break
      case '-h':
      case '--help':
        return { file, ports, isDaemon, log, wants: 'help' }
      case '--version':
        return { file, ports, isDaemon, log, wants: 'version' }
      case '--tls-keylog':
        throw new MosquittoFlagError('--tls-keylog is not supported: start Node.js with --tls-keylog=FILE instead.')
      default:
        throw new MosquittoFlagError(`Unknown option '${flag}'.`)
    }
  }
  if (wants === 'test' && file === undefined)
    throw new MosquittoFlagError('--test-config needs a config file: -c FILE.')
  return { file, ports, isDaemon, log, wants }
}

function portOf(flag: string, text: string | undefined): number {
  if (text === undefined) throw new MosquittoFlagError(`${flag} argument given, but no port specified.`)
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new MosquittoFlagError(`Invalid port specified (${text}).`)
  return port
}

import { OperatorError } from '../../src/cli/cli-error.ts'
import { DataDirectoryError } from '../../src/storage/directory/directory-error.ts'

type SystemError = Error & { readonly code?: string; readonly syscall?: string; port?: number; address?: string }

/** The same fault, with what helps whoever has a mosquitto.conf; any other error as it is. */
export function inTermsOfConf(error: unknown): unknown {
  if (error instanceof DataDirectoryError) {
    return new OperatorError(error.message.replaceAll(' with --data', ' with persistence_location'), { cause: error })
  }
  const sentence = listenFault(error as SystemError)
  return sentence === undefined ? error : new OperatorError(sentence, { cause: error })
}

function listenFault({ code, syscall, port, address }: SystemError): string | undefined {
  if (syscall !== 'listen') return undefined
  const place = port === undefined || port < 0 ? address : `${address}:${port}`
  const isLow = port !== undefined && port > 0 && port < 1024
  if (code === 'EADDRINUSE') {
    return `Address already in use: ${place}; stop who listens there, or choose another port with listener`
  }
  if (code !== 'EACCES') return undefined
  return isLow
    ? `Permission denied: ${place}; ports below 1024 need CAP_NET_BIND_SERVICE. Give it in the unit of systemd with ` +
        `AmbientCapabilities=CAP_NET_BIND_SERVICE and User=, or choose a port above 1023`
    : `Permission denied: ${place}; see to the rights of its directory`
}

/** What a mosquitto.conf says of the process around the broker: its log, its files, its user. */
export interface ProcessTerms {
  readonly log: LogTerms
  /** Written at start and removed at the end; a start that cannot write it fails. */
  readonly pidFile: string | undefined
  /** Whom to become when started as root. */
  readonly user: string
  /** `FILE` of `Saving in-memory database to FILE.`: where Mosquitto kept its state. Nothing is written there. */
  readonly databaseFile: string
  /** Whether `$CONTROL/broker/v1` is answered. */
  readonly controlApi: boolean
  /** Whether state outlives the process. */
  readonly persistence: boolean
}

export interface LogTerms {
  /** In the order of the file; empty for `log_dest none`. */
  readonly destinations: readonly LogDestination[]
  readonly types: ReadonlySet<LogType>
  /** Facility of syslog: 0 to 7 for local0 to local7. */
  readonly facility: number | 'daemon'
  readonly timestamps: boolean
  /** For strftime; absent: seconds since 1970. */
  readonly timestampFormat: string | undefined
  /** Whether clients that come and go are logged. */
  readonly connectionMessages: boolean
}

export type LogDestination =
  { readonly kind: 'stdout' | 'stderr' | 'syslog' | 'topic' } | { readonly kind: 'file'; readonly path: string }

export const logTypes = [
  'error',
  'warning',
  'notice',
  'information',
  'debug',
  'subscribe',
  'unsubscribe',
  'websockets',
  'internal',
] as const
export type LogType = (typeof logTypes)[number]

/** Of these is the log when nothing else is said. */
export const usualLogTypes: readonly LogType[] = ['error', 'warning', 'notice', 'information']

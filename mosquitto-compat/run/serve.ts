import type { Terminal } from '../../src/cli/terminal.ts'
import { placedError } from '../../src/cli/with-places.ts'
import { DocumentError } from '../../src/documents/document-error.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'
import { LineWriter } from '../log/line-writer.ts'
import { MosquittoLog } from '../log/mosquitto-log.ts'
import { logTypes, type LogTerms } from '../process-terms.ts'
import { becomeUser } from './become-user.ts'
import { isInBackground, tellRunning, tellStarter } from './daemon.ts'
import { watchMoves } from './moved-files.ts'
import { localOnlyLines, openingLines } from './opening-lines.ts'
import { type PidFile, writePidFile } from './pid-file.ts'
import { onRotationSignal } from './rotation-signal.ts'
import { SideServices } from './side-services.ts'
import { inTermsOfConf } from './start-fault.ts'
import { treesText } from './topic-trees.ts'
import { versionText } from './usage.ts'

export interface ServeTerms {
  /** Reads the conf; again at every reload. */
  readonly load: () => LoadedMosquittoConf
  /** Its name, for the log; undefined for none. */
  readonly file: string | undefined
  /** What the command line says in the place of the conf. */
  readonly log: 'verbose' | 'quiet' | undefined
}

/** Runs a broker as a mosquitto.conf says, until it is told to stop. Throws when it cannot start. */
export async function serve(terms: ServeTerms, terminal: Terminal): Promise<void> {
  const loaded = terms.load()
  const rootWarnings = becomeUser(loaded.process.user, terminal.env)
  const service = new Service(terms, terminal, loaded)
  await service.run(rootWarnings)
}

class Service {
  readonly #terms: ServeTerms
  readonly #terminal: Terminal
  readonly #writer: LineWriter
  /** What holds; another after each reload. */
  #current: LoadedMosquittoConf
  #broker: Broker | undefined
  #reloading: Promise<void> = Promise.resolve()

  constructor(terms: ServeTerms, terminal: Terminal, loaded: LoadedMosquittoConf) {
    this.#terms = terms
    this.#terminal = terminal
    this.#current = loaded
    this.#writer = new LineWriter(this.#logTerms(), {
      now: () => new Date(),
      publish: (topic, line) => void this.#broker?.publish({ topic, payload: line, qos: 2 }).catch(() => {}),
      terminal: this.#isInBackground ? tellStarter : undefined,
    })
  }

  async run(rootWarnings: readonly string[]): Promise<void> {
    const version = versionText(this.#current.version)
    const { file } = this.#terms
    try {
      for (const warning of rootWarnings) this.#warn(warning)
      this.#say(`${version} starting`)
      this.#say(file === undefined ? 'Using default config.' : `Config loaded from ${file}.`)
      for (const line of localOnlyLines(this.#current)) this.#say(line)
      this.#tellFindings(this.#current)
      if (this.#terminal.env['NOTIFY_SOCKET'] !== undefined) this.#warn(waitsInVain)
      const stopRequested = this.#terminal.stopRequested()
      const { broker, services, pidFile } = await this.#start()
      const stopWatching = this.#listenToSignals(broker, services)
      this.#say(`${version} running`)
      if (this.#isInBackground) {
        this.#writer.change(withoutTerminal(this.#logTerms()))
        tellRunning()
      }
      await stopRequested
      stopWatching()
      this.#say(`${version} terminating`)
      await this.#reloading
      await services.close()
      await broker.close()
      this.#tellSaved()
      pidFile.remove()
    } catch (error) {
      const fault = inTermsOfConf(placedError(this.#current, error))
      this.#tellFaults(fault)
      throw fault
    } finally {
      await this.#writer.close()
    }
  }

  async #start() {
    const { settings, version, process: terms } = this.#current
    const log = new MosquittoLog(this.#writer, version)
    const broker = createBroker(settings, { log, tap: log.tap, versionText: versionText(version) })
    this.#broker = broker
    log.listenTo(broker)
    const services = new SideServices(broker, log)
    const pidFile = await this.#open(broker, services, terms.pidFile)
    for (const line of openingLines(broker.addresses, services.httpPorts)) this.#say(line)
    return { broker, services, pidFile }
  }

  /** The pid comes last: a broker that cannot start leaves the file of the one that runs alone. */
  async #open(broker: Broker, services: SideServices, pidFile: string | undefined): Promise<PidFile> {
    try {
      await services.change(this.#current, () => broker.listen())
      return writePidFile(pidFile)
    } catch (error) {
      await services.close()
      await broker.close({ graceMs: 0 })
      throw error
    }
  }

  /** Until the end: unheard, USR2 would end the process and USR1 open the debugger. */
  #listenToSignals(broker: Broker, services: SideServices): () => void {
    const reopen = (): void => this.#attempt(() => this.#writer.reopen())
    this.#terminal.onReload(() => {
      this.#reloading = this.#reloading.then(() => this.#reload(broker, services))
    })
    process.on('SIGUSR1', () => {
      this.#tellSaved()
      void broker.flush()
    })
    process.on('SIGUSR2', () => this.#terminal.stdout.write(treesText(broker.inspect())))
    onRotationSignal(reopen)
    return watchMoves(() => filesOf(this.#current.process.log), reopen)
  }

  /** All is taken over, or nothing. */
  async #reload(broker: Broker, services: SideServices): Promise<void> {
    this.#say('Reloading config.')
    try {
      const before = this.#current
      const after = this.#terms.load()
      const changes = await services
        .change(after, () => broker.reload(after.settings))
        .catch((error: unknown) => {
          throw placedError(after, error)
        })
      this.#current = after
      this.#tellFindings(after)
      for (const change of changes) this.#say(`Changed: ${change}`)
      for (const line of needRestart(before, after)) this.#warn(line)
      this.#say(`Reloaded: ${changes.length} changes.`)
      // last: what a file opened anew is told could come before what is on its way to the old one
      const logTerms = this.#logTerms()
      this.#attempt(() => this.#writer.change(this.#isInBackground ? withoutTerminal(logTerms) : logTerms))
    } catch (error) {
      this.#tellFaults(inTermsOfConf(error))
      this.#writer.write('error', 'Error: Not reloaded: everything is as it was.')
    }
  }

  get #isInBackground(): boolean {
    return isInBackground(this.#terminal.env)
  }

  #logTerms(): LogTerms {
    const { log } = this.#current.process
    if (this.#terms.log === 'quiet') return { ...log, destinations: [] }
    return this.#terms.log === 'verbose' ? { ...log, types: new Set(logTypes) } : log
  }

  #say(line: string): void {
    this.#writer.write('information', line)
  }

  #warn(line: string): void {
    this.#writer.write('warning', `Warning: ${line}`)
  }

  #tellFindings({ notices, warnings }: LoadedMosquittoConf): void {
    for (const notice of notices) this.#writer.write('notice', `Notice: ${notice}`)
    for (const warning of warnings) this.#warn(warning)
  }

  #tellFaults(error: unknown): void {
    const sentences = error instanceof DocumentError ? error.faults : [(error as Error).message]
    for (const sentence of sentences) this.#writer.write('error', `Error: ${sentence}`)
  }

  #tellSaved(): void {
    const { storage } = this.#current.settings
    if (storage.directory !== undefined && !storage.memory)
      this.#say(`Saving in-memory database to ${storage.directory}.`)
  }

  #attempt(change: () => void): void {
    try {
      change()
    } catch (error) {
      this.#tellFaults(error)
    }
  }
}

const waitsInVain =
  'systemd waits to be told that the broker runs, and is not told: it stops the broker after a while. Write ' +
  'Type=simple into the unit (systemctl edit).'

/** The terminal it was started from belongs to others now. */
function withoutTerminal(log: LogTerms): LogTerms {
  return { ...log, destinations: log.destinations.filter(({ kind }) => kind !== 'stdout' && kind !== 'stderr') }
}

function filesOf({ destinations }: LogTerms): string[] {
  return destinations.flatMap((destination) => (destination.kind === 'file' ? [destination.path] : []))
}

/** What a reload cannot change. */
function needRestart({ process: before }: LoadedMosquittoConf, { process: after }: LoadedMosquittoConf): string[] {
  return (['pidFile', 'user'] as const)
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name === 'pidFile' ? 'pid_file' : name} is taken over at the next start only.`)
}

import { rmSync, writeFileSync } from 'node:fs'
import type { Terminal } from '../../src/cli/terminal.ts'
import { DocumentError } from '../../src/documents/document-error.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'
import { LineWriter } from '../log/line-writer.ts'
import { MosquittoLog } from '../log/mosquitto-log.ts'
import { logTypes, type LogTerms } from '../process-terms.ts'
import { becomeUser } from './become-user.ts'
import { isInBackground, tellRunning, tellStarter } from './daemon.ts'
import { localOnlyLines, openingLines } from './opening-lines.ts'
import { watchMoves } from './moved-files.ts'
import { onRotationSignal } from './rotation-signal.ts'
import { SideServices } from './side-services.ts'
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
  const { settings, version } = loaded
  const rootWarnings = becomeUser(loaded.process.user, terminal.env)
  let broker: Broker | undefined
  const publish = (topic: string, line: string): void =>
    void broker?.publish({ topic, payload: line, qos: 2 }).catch(() => {})
  const writer = new LineWriter(logTermsOf(loaded, terms), {
    now: () => new Date(),
    publish,
    terminal: isInBackground(terminal.env) ? tellStarter : undefined,
  })
  const say = (line: string): void => writer.write('information', line)
  const warn = (line: string): void => writer.write('warning', `Warning: ${line}`)
  try {
    for (const warning of rootWarnings) warn(warning)
    say(`${versionText(version)} starting`)
    say(terms.file === undefined ? 'Using default config.' : `Config loaded from ${terms.file}.`)
    for (const line of localOnlyLines(loaded)) say(line)
    tellFindings(loaded)
    const stopRequested = terminal.stopRequested()
    const log = new MosquittoLog(writer, version)
    broker = createBroker(settings, { log, tap: log.tap, versionText: versionText(version) })
    log.listenTo(broker)
    const pidFile = writePidFile(loaded.process.pidFile)
    const services = new SideServices(broker, log)
    const listening = broker
    await services
      .change(loaded, () => listening.listen())
      .catch(async (error: unknown) => {
        await broker?.close({ graceMs: 0 })
        pidFile.remove()
        throw error
      })
    for (const line of openingLines(broker.addresses, services.httpPorts)) say(line)
    const stopWatching = listenToSignals(broker, services, terminal)
    say(`${versionText(version)} running`)
    if (isInBackground(terminal.env)) {
      writer.change(withoutTerminal(logTermsOf(loaded, terms)))
      tellRunning()
    }
    await stopRequested
    stopWatching()
    say(`${versionText(version)} terminating`)
    await services.close()
    await broker.close()
    tellSaved(loaded)
    pidFile.remove()
  } catch (error) {
    const sentences = error instanceof DocumentError ? error.faults : [(error as Error).message]
    for (const sentence of sentences) writer.write('error', `Error: ${sentence}`)
    throw error
  } finally {
    writer.close()
  }

  function tellFindings({ notices, warnings }: LoadedMosquittoConf): void {
    for (const notice of notices) writer.write('notice', `Notice: ${notice}`)
    for (const warning of warnings) warn(warning)
  }

  function tellSaved({ settings: { storage } }: LoadedMosquittoConf): void {
    if (storage.directory !== undefined && !storage.memory) say(`Saving in-memory database to ${storage.directory}.`)
  }

  function listenToSignals(running: Broker, services: SideServices, { stdout, onReload }: Terminal): () => void {
    let current = loaded
    onReload(() => {
      void reload(running, services, current).then((taken) => {
        current = taken
      })
    })
    const save = (): void => {
      tellSaved(current)
      void running.flush()
    }
    const print = (): void => void stdout.write(treesText(running.inspect()))
    process.on('SIGUSR1', save)
    process.on('SIGUSR2', print)
    onRotationSignal(reopen)
    const stopWatching = watchMoves(() => filesOf(current.process.log), reopen)
    return () => {
      stopWatching()
      process.off('SIGUSR1', save)
      process.off('SIGUSR2', print)
    }
  }

  /** All is taken over, or nothing. Resolves with what holds. */
  async function reload(
    running: Broker,
    services: SideServices,
    before: LoadedMosquittoConf,
  ): Promise<LoadedMosquittoConf> {
    say('Reloading config.')
    try {
      const after = terms.load()
      const changes = await services.change(after, () => running.reload(after.settings))
      tellFindings(after)
      for (const change of changes) say(`Changed: ${change}`)
      for (const line of needRestart(before, after)) warn(line)
      const logTerms = logTermsOf(after, terms)
      attempt(() => writer.change(isInBackground(terminal.env) ? withoutTerminal(logTerms) : logTerms))
      say(`Reloaded: ${changes.length} changes.`)
      return after
    } catch (error) {
      const sentences = error instanceof DocumentError ? error.faults : [(error as Error).message]
      for (const sentence of sentences) writer.write('error', `Error: ${sentence}`)
      writer.write('error', 'Error: Not reloaded: everything is as it was.')
      return before
    }
  }

  function reopen(): void {
    attempt(() => writer.reopen())
  }

  function attempt(change: () => void): void {
    try {
      change()
    } catch (error) {
      writer.write('error', `Error: ${(error as Error).message}`)
    }
  }
}

function logTermsOf({ process: { log } }: LoadedMosquittoConf, terms: ServeTerms): LogTerms {
  if (terms.log === 'quiet') return { ...log, destinations: [] }
  if (terms.log === 'verbose') return { ...log, types: new Set(logTypes) }
  return log
}

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

function writePidFile(path: string | undefined): { remove(): void } {
  if (path === undefined) return { remove() {} }
  try {
    writeFileSync(path, String(process.pid))
  } catch (error) {
    throw new Error(`Unable to write pid file: ${(error as Error).message}`, { cause: error })
  }
  return { remove: () => rmSync(path, { force: true }) }
}

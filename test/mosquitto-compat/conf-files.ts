import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { confLines } from '../../mosquitto-compat/conf/conf-line.ts'
import { MosquittoConfError } from '../../mosquitto-compat/conf/conf-error.ts'
import {
  type LoadedMosquittoConf,
  type Machine,
  type MosquittoConfSources,
  settingsOfLines,
} from '../../mosquitto-compat/load-mosquitto-conf.ts'

/** A machine with both families and one interface. */
export const machine: Machine = {
  hasIpv6: true,
  addressesOf: (name) => (name === 'eth7' ? ['10.0.0.7', 'fd00::7'] : []),
}

/** What a mosquitto.conf of these lines becomes; its file is called `f`. */
export function load(text: string, more: MosquittoConfSources = {}): LoadedMosquittoConf {
  return settingsOfLines(confLines('f', text), { machine, ...more })
}

export function faultsOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof MosquittoConfError) return error.faults
    throw error
  }
  return []
}

/** A directory of its own for conf files. */
export class ConfDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'topiary-conf-'))

  write(name: string, text: string): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }
}

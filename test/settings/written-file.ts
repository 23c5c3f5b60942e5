import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings, type SettingsSources } from '../../src/settings/load-settings.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { SettingsError } from '../../src/settings/settings-file.ts'

/** A directory of its own for files of settings. */
export class SettingsDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'topiary-settings-'))

  write(name: string, text: string): string {
    const file = join(this.path, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }

  /** What is wrong with a file of this text, without the name of the directory; empty when it is good. */
  faultsIn(text: string, more: Omit<SettingsSources, 'file'> = {}): string[] {
    return faultsOf({ ...more, file: this.write('f.yaml', text) }).map((fault) => fault.replace(`${this.path}/`, ''))
  }

  settingsIn(text: string, more: Omit<SettingsSources, 'file'> = {}): Settings {
    return loadSettings({ ...more, file: this.write('f.yaml', text) }).settings
  }
}

export function faultsOf(sources: SettingsSources): readonly string[] {
  try {
    loadSettings(sources)
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.faults
    throw error
  }
}

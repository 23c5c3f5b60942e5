import { csvColumn } from '../../sensors/csv.ts'
import { csvFiles } from '../../sensors/csv-files.ts'
import type { Scenario } from '../schema.ts'
import { checkTlsFiles } from './check-tls-files.ts'
import type { FaultList } from './fault-list.ts'

/** Files that sensors replay, that they are there and have the column, and those of TLS. */
export function checkFiles(scenario: Scenario, directory: string, faults: FaultList): void {
  checkTlsFiles(scenario, directory, faults)
  const read = csvFiles(directory)
  for (const [name, { sensors }] of Object.entries(scenario.fleets)) {
    for (const [key, sensor] of Object.entries(sensors)) {
      if (typeof sensor === 'function' || sensor.model !== 'replay') continue
      try {
        csvColumn(read(sensor.file), sensor.column)
      } catch (error) {
        faults.add(['fleets', name, 'sensors', key, 'file'], `cannot be used: ${(error as Error).message}`)
      }
    }
  }
}

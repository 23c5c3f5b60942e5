import type { RandomSource } from '../random.ts'
import { type CsvCell, csvColumn, type ReadCsv } from './csv.ts'
import type { Reading, Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

export class Replay implements Sensor {
  /** Of the table; all devices share it. */
  readonly #cells: readonly CsvCell[]
  readonly #first: number

  constructor({ file, column }: OptionsOf<'replay'>, random: RandomSource, readCsv: ReadCsv) {
    this.#cells = csvColumn(readCsv(file), column)
    this.#first = Math.floor(random.next() * this.#cells.length)
  }

  read({ index }: SensorContext): Reading {
    return this.#cells[(this.#first + index) % this.#cells.length]
  }
}

import type { Log } from '../contracts/log.ts'

/** A library prints nothing unless it is handed a log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

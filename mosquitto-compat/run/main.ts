import { processTerminal } from '../../src/cli/terminal.ts'
import { runMosquitto } from './run-mosquitto.ts'

const code = await runMosquitto(process.argv.slice(2), processTerminal())
// The write's callback comes once what was said before has left, or never can.
process.stdout.write('', () => process.exit(code))

#!/usr/bin/env node
import { run } from './cli/run.ts'
import { processTerminal } from './cli/terminal.ts'

const code = await run(process.argv.slice(2), processTerminal())
// The write's callback comes once what was said before has left, or never can.
process.stdout.write('', () => process.exit(code))

import { extname } from 'node:path'
import type { Scenario } from '../../devices-sim/scenario/schema.ts'
import { DocumentError } from '../documents/document-error.ts'
import { exitCode, UsageError } from './cli-error.ts'
import { checkUrl } from './broker-url.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { durationFlag, loginFlags, outputFlags, runFlags } from './sim-flags.ts'
import type { Terminal } from './terminal.ts'

const simRunFlags = {
  scenario: {
    kind: 'text',
    value: 'FILE|PRESET',
    positional: true,
    help: 'a scenario in YAML, JSON or a module, or the name of a preset',
  },
  ...runFlags,
  ...loginFlags,
  ...outputFlags,
  list: { kind: 'switch', help: 'list the presets' },
  check: { kind: 'switch', help: 'check the scenario and connect to nothing' },
} as const satisfies FlagTable

export const simRunCommand = defineCommand(
  {
    name: 'sim run',
    summary: 'Put a simulated fleet on a broker and prove what arrived',
    usage: 'sim run FILE|PRESET [flags]',
    sections: [{ title: 'Flags', flags: simRunFlags }],
    examples: [
      'topiary sim run smart-home',
      'topiary sim run factory.yaml --report report',
      'topiary sim run meters --url mqtt://127.0.0.1:1883 --duration 5s --report report',
      'topiary sim run --list',
    ],
    notes: [
      'Scenario files: docs/simulator.md. Any broker will do; the address is that of the file unless --url is given.',
      'Messages are sent when they are due, whatever the broker does, and latency counts from then.',
      'Ctrl-C drains and reports; a second one ends at once.',
      'Exit codes: 0 all assertions hold, 1 one does not, or no broker, 2 wrong flags, 78 wrong scenario.',
    ],
  },
  simRunFlags,
  simRun,
)

async function simRun(values: FlagValues<typeof simRunFlags>, terminal: Terminal): Promise<number> {
  const { presets } = await import('../../devices-sim/presets/presets.ts')
  if (values.list) return listPresets(presets(), terminal)
  if (values.scenario === undefined) {
    throw new UsageError(`sim run needs a scenario: a file or one of ${Object.keys(presets()).join(', ')}`)
  }
  if (values.url !== undefined) checkUrl(values.url)
  const duration = values.duration === undefined ? undefined : durationFlag('duration', values.duration)
  const [{ loadScenario }, { overridden }, { contradictionsOf }, { placedFaults }] = await Promise.all([
    import('../../devices-sim/scenario/load-scenario.ts'),
    import('../../devices-sim/scenario/override.ts'),
    import('../../devices-sim/scenario/check-scenario.ts'),
    import('../documents/placed-faults.ts'),
  ])
  const loaded = await loadScenario(values.scenario, { environment: terminal.env, presets: presets() })
  const { url, seed, engine, protocol, workers, username: userName } = values
  const password = values.password ?? (userName && terminal.env['TOPIARY_SIM_PASSWORD'])
  const scenario = overridden(loaded, {
    ...{ url, seed, workers, userName, password, duration },
    engine: engine as Scenario['engine'] | undefined,
    protocol: protocol as Scenario['protocol'] | undefined,
  })
  const faults = contradictionsOf(scenario)
  if (faults.length > 0) {
    throw new DocumentError(
      placedFaults(faults, undefined).map((fault) => `${values.scenario} with these flags: ${fault}`),
    )
  }
  if (values.check) {
    terminal.stdout.write(`${values.scenario} is good\n`)
    return exitCode.ok
  }
  const { play } = await import('./sim-play.ts')
  const isModule = ['.js', '.mjs', '.ts'].includes(extname(values.scenario))
  const command = `topiary sim run ${values.scenario}`
  return play(scenario, { command, ...(isModule && { module: values.scenario }) }, values, terminal)
}

async function listPresets(known: Readonly<Record<string, string>>, terminal: Terminal): Promise<number> {
  const { loadScenario } = await import('../../devices-sim/scenario/load-scenario.ts')
  for (const [name, path] of Object.entries(known)) {
    const { description } = await loadScenario(path, { environment: terminal.env })
    terminal.stdout.write(`${name.padEnd(20)}${description}\n`)
  }
  return exitCode.ok
}

// Who is measured. `find` says why a peer is missing, `command` how it is started: program and arguments.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from '../root.mjs'
import {
  flashmqConf,
  manyRetainedSettings,
  mosquittoConf,
  natsConf,
  rulesSettings,
  smallQueuesSettings,
} from './settings-files.mjs'

const settingsTexts = {
  rules: rulesSettings,
  'small-queues': smallQueuesSettings,
  'many-retained': manyRetainedSettings,
}

const isHere = () => undefined

export const peers = {
  topiary: { find: isHere, version: () => ours(root), command: (terms) => topiary(root, terms) },
  baseline: {
    find: ({ baseline }) => (baseline === undefined ? 'no --baseline is given' : undefined),
    version: ({ baseline }) => ours(baseline),
    command: (terms) => topiary(terms.baseline, terms),
  },
  floor: {
    find: isHere,
    version: () => `Node ${process.version}`,
    command: ({ port }) => [process.execPath, join(root, 'bench/floor/floor-broker.mjs'), String(port)],
  },
  net: {
    find: isHere,
    version: () => `Node ${process.version}`,
    command: ({ port }) => [process.execPath, join(root, 'bench/floor/connack-server.mjs'), String(port)],
  },
  mosquitto: {
    find: () => missingFromPath('mosquitto'),
    version: () => firstLine('mosquitto', ['-h']),
    command: ({ port, directory }) => ['mosquitto', '-c', written(directory, mosquittoConf(port))],
  },
  flashmq: {
    find: () => missingFromPath('flashmq'),
    version: () => firstLine('flashmq', ['--version']),
    command: ({ port, directory }) => ['flashmq', '--config-file', written(directory, flashmqConf(port))],
  },
  nats: {
    find: () => missingFromPath('nats-server'),
    version: () => firstLine('nats-server', ['--version']),
    command: ({ port, otherPort, directory }) => [
      'nats-server',
      '-c',
      written(directory, natsConf(port, otherPort, directory)),
    ],
  },
  aedes: {
    find: () => (existsSync(join(root, 'node_modules/aedes')) ? undefined : 'node_modules has no aedes: npm install'),
    version: () => JSON.parse(readFileSync(join(root, 'node_modules/aedes/package.json'), 'utf8')).version,
    command: ({ port }) => [process.execPath, join(root, 'bench/peers/aedes-broker.mjs'), String(port)],
  },
}

/** `settings` names a file that is written first, `ws` asks for WebSocket on the other port. */
function topiary(directoryOfSource, { port, otherPort, directory, ws, settings }) {
  const command = [process.execPath, join(directoryOfSource, 'dist/src/main.js'), 'start', '--memory']
  command.push('--port', String(port), '--log-level', 'error')
  command.push(...(ws ? ['--ws-port', String(otherPort)] : ['--no-ws']))
  const text = settingsTexts[settings]?.(otherPort)
  if (text !== undefined) command.push('--config', written(directory, text, 'topiary.yaml'))
  return command
}

function written(directory, text, name = 'settings.conf') {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

function missingFromPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.some((folder) => existsSync(join(folder, program))) ? undefined : `${program} is not on the PATH`
}

function firstLine(program, flags) {
  const { stdout, stderr } = spawnSync(program, flags, { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0]
}

function ours(directory) {
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const { stdout } = spawnSync('git', ['-C', directory, 'describe', '--always', '--dirty'], { encoding: 'utf8' })
  return `${version} (${(stdout ?? '').trim() || 'no commit'})`
}

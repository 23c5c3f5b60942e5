import type { KnownLine } from '../conf/mosquitto-conf.ts'
import type { OptionName } from '../conf/options.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'

const groups = ['mapped', 'mapped with a difference', 'not applicable', 'not supported'] as const
type GroupName = (typeof groups)[number]

const groupOf: Readonly<Record<KnownLine['option']['state'], GroupName>> = {
  same: 'mapped',
  different: 'mapped with a difference',
  later: 'not supported',
  'not applicable': 'not applicable',
  'not supported': 'not supported',
}

/** What a settings file has no word for, since it is of the process around the broker. */
const ofProcess: ReadonlySet<OptionName> = new Set<OptionName>([
  'connection_messages',
  'enable_control_api',
  'log_dest',
  'log_facility',
  'log_timestamp',
  'log_timestamp_format',
  'pid_file',
  'user',
])

const ofProcessText = 'no setting; `topiary start --config` with the mosquitto.conf itself keeps to it'

/** Every line of a mosquitto.conf and what became of it. Values are not told: some are secrets. */
export function importReport({ conf, notices, warnings, process }: LoadedMosquittoConf): string {
  const found = new Map<GroupName, string[]>(groups.map((group) => [group, []]))
  const told = new Set<string>()
  for (const { name, option, place } of conf.lines) {
    told.add(`${place}: ${name}: ${option.says}`)
    const isProcess = ofProcess.has(name)
    const says = isProcess ? ofProcessText : option.says
    found.get(isProcess ? 'not applicable' : groupOf[option.state])?.push(`${place}: ${name}: ${says}`)
  }
  const others = [...warnings, ...notices].filter((text) => !told.has(text))
  if (process.user !== 'root') others.push(stayingRoot(process.user))
  const sections = [...found, ['to know', others] as const]
  return sections
    .map(([title, lines]) => `${title}: ${lines.length}\n${lines.map((line) => `  ${plain(line)}\n`).join('')}`)
    .join('')
}

/** True of every file: Mosquitto becomes the user `mosquitto` without being told. */
function stayingRoot(user: string): string {
  return (
    `started as root, Mosquitto becomes the user ${user}; with a settings file the broker stays who started it, ` +
    `so start it as ${user}, who owns the state and may read the files`
  )
}

function plain(text: string): string {
  return text.replaceAll('`', '')
}

import { stringify } from 'yaml'
import type { SchemaNode } from '../documents/schema-node.ts'
import { variableName } from './environment.ts'
import { settingsJsonSchema } from './schema-node.ts'

type Path = readonly (string | number)[]
type Properties = NonNullable<SchemaNode['properties']>

/** settings.schema.json: what editors complete and check a settings file with. */
export function schemaText(): string {
  const { $schema, ...schema } = settingsJsonSchema() as SchemaNode & { readonly $schema: string }
  const titled = { $schema, $id: 'urn:topiary-mqtt:settings', title: 'Settings of the Topiary MQTT broker', ...schema }
  return `${JSON.stringify(titled, null, 2)}\n`
}

/** The manual with everything between `<!-- NAME -->` and `<!-- end of NAME -->` written anew. */
export function filledManual(manual: string): string {
  const parts = { 'sample file': `\`\`\`yaml\n${sampleFile()}\`\`\``, 'list of settings': listOfSettings() }
  let filled = manual
  for (const [name, text] of Object.entries(parts)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
    const [from, to] = [filled.indexOf(start), filled.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`the manual has no ${start} followed by ${end}`)
    filled = `${filled.slice(0, from + start.length)}\n\n${text}\n\n${filled.slice(to)}`
  }
  return filled
}

/** Every setting with its text. Those without a default are comments: `#name: value`, further in with spaces. */
export function sampleFile(): string {
  const { $schema: _schema, ...properties } = settingsJsonSchema().properties ?? {}
  return `${sampleOfGroup({ properties }).join('\n').trimStart()}\n`
}

function sampleOfGroup({ properties = {}, required = [] }: SchemaNode, usual: unknown = {}): string[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const given = (usual as Readonly<Record<string, unknown>>)[name] ?? node.default
    const lines = sampleOf(name, node, given)
    const shown = given === undefined && !required.includes(name) ? lines.map((line) => `#${line}`) : lines
    const space = isGroup(node) ? [''] : []
    return [...space, ...commentOf(node.description), ...shown]
  })
}

function sampleOf(name: string, node: SchemaNode, given: unknown): string[] {
  if (node.properties !== undefined) return [`${name}:`, ...indented(sampleOfGroup(node, given))]
  if (node.items?.oneOf !== undefined) return [`${name}:`, ...indented(sampleOfList(node.items.oneOf, given))]
  const value = given ?? node.examples?.[0] ?? node.const ?? node.enum?.[0] ?? false
  const text = stringify({ [name]: value }, { lineWidth: 0, flowCollectionPadding: false })
  return text.trimEnd().split('\n')
}

/** One entry of each kind; kinds of which the defaults have none are comments. */
function sampleOfList(kinds: readonly SchemaNode[], usual: unknown): string[] {
  return kinds.flatMap(({ properties = {}, required = [] }) => {
    const kind = properties['kind']?.const
    const given = (usual as readonly { readonly kind: string }[]).find((one) => one.kind === kind)
    const { kind: _kind, ...others } = properties
    const lines = [
      `- kind: ${kind}`,
      ...indented(sampleOfGroup({ properties: others, required }, given).filter((line) => line !== '')),
    ]
    return given === undefined ? lines.map((line) => `#${line}`) : lines
  })
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}

function commentOf(text = ''): string[] {
  const lines = ['#']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (longer.length > 90) lines.push(`# ${word}`)
    else lines[lines.length - 1] = longer
  }
  return text === '' ? [] : lines
}

function listOfSettings(): string {
  const { properties = {} } = settingsJsonSchema()
  const single = Object.fromEntries(Object.entries(properties).filter(([, node]) => !isGroup(node)))
  const groups = Object.entries(properties).filter(([, node]) => isGroup(node))
  return [section([], { properties: single }), ...groups.map(([name, node]) => sectionOf([name], node))].join('\n\n')
}

function isGroup(node: SchemaNode): boolean {
  return node.properties !== undefined || node.items?.oneOf !== undefined
}

function sectionOf(path: Path, node: SchemaNode): string {
  const kinds = node.items?.oneOf
  if (kinds === undefined) return section(path, node)
  const entry = [...path, 0]
  const sections = kinds.map((kind) => section(entry, kind, `\`kind: ${kind.properties?.['kind']?.const}\``))
  // groups that several kinds have are told once
  const groups = Object.entries(Object.assign({}, ...kinds.map(({ properties }) => properties)) as Properties)
    .filter(([, inner]) => inner.properties !== undefined)
    .map(([name, inner]) => section([...entry, name], inner))
  return [`### \`${String(path[0])}\``, node.description ?? '', ...sections, ...groups].join('\n\n')
}

function section(path: Path, node: SchemaNode, title = titleOf(path)): string {
  const depth = path.length > 1 ? '####' : '###'
  const rows = Object.entries(node.properties ?? {}).map(([name, inner]) => rowOf([...path, name], inner, node))
  const head = ['| setting | what it may be | default | variable | |', '|---|---|---|---|---|']
  const text = node.description === undefined ? [] : [node.description, '']
  const isEntry = path.length === 2 && path[1] === 0
  const more = Object.entries(node.properties ?? {}).flatMap(([name, inner]) => {
    const { items } = inner
    if (items?.properties !== undefined) {
      return ['', section([...path, name, 0], items, `\`${path[0]}.${name}\`, each entry`)]
    }
    return path.length === 0 || isEntry || inner.properties === undefined ? [] : ['', section([...path, name], inner)]
  })
  return [`${depth} ${title}`, '', ...text, ...head, ...rows, ...more].join('\n')
}

function titleOf(path: Path): string {
  if (path.length === 0) return 'On the first level'
  if (path.length === 1) return `\`${path[0]}\``
  return path[0] === 'listeners' ? `\`${path.slice(2).join('.')}\` of a listener` : `\`${path.join('.')}\``
}

function rowOf(path: Path, node: SchemaNode, group: SchemaNode): string {
  const name = String(path.at(-1))
  const isNeeded = group.required?.includes(name) === true
  const usual = node.default === undefined ? (isNeeded ? 'must be given' : 'none') : code(node.default)
  const variable = path[0] === '$schema' ? '' : code(variableName(path))
  const text = node.description ?? ''
  const cells = [code(name), boundsOf(node, name), usual, variable, text]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const units: readonly (readonly [suffix: RegExp, unit: string])[] = [
  [/Ms$/, ' milliseconds'],
  [/Seconds$/, ' seconds'],
  [/Bytes(Total)?$/, ' bytes'],
]

function boundsOf(node: SchemaNode, name: string): string {
  if (node.const !== undefined) return code(node.const)
  if (node.enum !== undefined) return node.enum.map(code).join(', ')
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map((option) => boundsOf(option, name)))].join('; or ')
  switch (node.type) {
    case 'integer': {
      const unit = units.find(([suffix]) => suffix.test(name))?.[1] ?? ''
      const isOpen = node.maximum === Number.MAX_SAFE_INTEGER
      return isOpen ? `${node.minimum} or more${unit}` : `${node.minimum} to ${node.maximum}${unit}`
    }
    case 'boolean':
      return '`true`, `false`'
    case 'array':
      return node.items?.properties === undefined ? `list of ${boundsOf(node.items ?? {}, name)}` : 'list of groups'
    case 'object':
      return typeof node.additionalProperties === 'object' ? 'names, each with a list of texts' : 'group, see below'
    default:
      return 'text'
  }
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

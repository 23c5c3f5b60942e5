import { writtenJsonSchema } from '../../src/documents/written-json-schema.ts'
import { runReportSchema } from '../report/run-report.ts'
import { scenarioJsonSchema } from './scenario-kind.ts'

/** scenario.schema.json: what editors complete and check a scenario with. */
export function scenarioSchemaText(): string {
  return titled(scenarioJsonSchema(), 'scenario', 'Scenario of the Topiary device simulator')
}

/** report.schema.json: what report.json holds. */
export function reportSchemaText(): string {
  return titled(writtenJsonSchema(runReportSchema), 'report', 'Report of a run of the Topiary device simulator')
}

function titled(node: object, name: string, title: string): string {
  const { $schema, ...schema } = node as Readonly<Record<string, unknown>>
  return `${JSON.stringify({ $schema, $id: `urn:topiary-mqtt:${name}`, title, ...schema }, null, 2)}\n`
}

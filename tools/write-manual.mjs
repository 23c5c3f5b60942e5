// Writes settings.schema.json and the lists in docs/settings.md from the schema of the settings, the schemas of the
// simulator's scenarios and reports, and the tables in mosquitto-compat/README.md from those of the options. Run
// `npm run manual` after a change of one of them; it builds first.
import { readFileSync, writeFileSync } from 'node:fs'
import { reportSchemaText, scenarioSchemaText } from '../dist/devices-sim/scenario/schema-text.js'
import { filledReadme } from '../dist/mosquitto-compat/report/readme-tables.js'
import { filledManual, schemaText } from '../dist/src/settings/manual.js'

const place = (name) => new URL(`../${name}`, import.meta.url)
writeFileSync(place('settings.schema.json'), schemaText())
writeFileSync(place('devices-sim/scenario.schema.json'), scenarioSchemaText())
writeFileSync(place('devices-sim/report.schema.json'), reportSchemaText())
writeFileSync(place('docs/settings.md'), filledManual(readFileSync(place('docs/settings.md'), 'utf8')))
writeFileSync(
  place('mosquitto-compat/README.md'),
  filledReadme(readFileSync(place('mosquitto-compat/README.md'), 'utf8')),
)

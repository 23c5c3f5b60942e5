// Writes settings.schema.json and the lists in docs/settings.md from the schema of the settings. Run `npm run manual`
// after a change of src/settings/schema.ts; it builds first.
import { readFileSync, writeFileSync } from 'node:fs'
import { filledManual, schemaText } from '../dist/settings/manual.js'

const [manual, schema] = ['../docs/settings.md', '../settings.schema.json'].map(
  (name) => new URL(name, import.meta.url),
)
writeFileSync(schema, schemaText())
writeFileSync(manual, filledManual(readFileSync(manual, 'utf8')))

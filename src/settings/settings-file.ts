import { DocumentError } from '../documents/document-error.ts'
import { type DocumentFile, parseDocumentFile } from '../documents/document-file.ts'
import type { DocumentKind } from '../documents/document-kind.ts'
import type { Environment } from '../documents/variables.ts'
import { settingsJsonSchema } from './schema-node.ts'

/** The settings given cannot be used. One line for each thing that is wrong, with its place where it has one. */
export class SettingsError extends DocumentError {
  override readonly name = 'SettingsError'
}

export const settingsKind: DocumentKind = {
  schema: settingsJsonSchema,
  file: 'settings file',
  whole: 'the settings',
  entry: 'setting',
  entries: 'settings',
  manual: 'docs/settings.md',
  error: SettingsError,
}

/** Throws SettingsError. */
export function parseSettingsFile(text: string, name: string, environment: Environment = {}): DocumentFile {
  return parseDocumentFile(text, name, settingsKind, environment)
}

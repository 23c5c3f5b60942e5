import type { z } from 'zod'
import type { DocumentFault } from './document-fault.ts'
import type { DocumentKind } from './document-kind.ts'
import { explainIssue } from './explain-issue.ts'

/** More are not read by anybody, and each takes its time to explain. */
const MOST_ISSUES = 100

/** What a schema makes of what was given, or everything that is wrong with it. */
export function checkDocument<T>(
  schema: z.ZodType<T>,
  given: unknown,
  kind: DocumentKind,
): { readonly value: T } | { readonly faults: DocumentFault[] } {
  const outcome = schema.safeParse(given)
  if (outcome.success) return { value: outcome.data }
  return { faults: outcome.error.issues.slice(0, MOST_ISSUES).flatMap((issue) => explainIssue(issue, given, kind)) }
}

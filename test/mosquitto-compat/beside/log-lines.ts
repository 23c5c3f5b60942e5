import type { Outcome } from './outcome.ts'

/** How often each line of a log is there, without what no two runs have in common: times, ports, versions, places. */
export function countedLines(log: string, directory: string): Outcome {
  const counts: Record<string, number> = {}
  for (const line of log.split('\n').filter((each) => each !== '')) {
    const bare = bareLine(line, directory)
    counts[bare] = (counts[bare] ?? 0) + 1
  }
  return counts
}

function bareLine(line: string, directory: string): string {
  return line
    .replace(/^\d+: /, '')
    .replaceAll(directory, 'DIR')
    .replace(/(127\.0\.0\.1|::1):\d+/, 'ADDRESS:N')
    .replace(/on port \d+/, 'on port N')
    .replace(/version \d[\d.]*(?: \(topiary .*?\))?/, 'version N')
    .replace(/auto-[0-9A-Fa-f-]{36}/, 'auto-UUID')
}

import { chartData } from './html/chart-data.ts'
import { chartLibrary } from './html/chart-library.ts'
import { chartScript } from './html/chart-script.ts'
import { escapeHtml, scriptJson } from './html/escape.ts'
import {
  assertionsSection,
  chartsSection,
  headSection,
  readingSection,
  runSection,
  tablesSection,
} from './html/page-sections.ts'
import { pageStyle } from './html/page-style.ts'
import type { RunReport } from './run-report.ts'

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

/** One page that holds all it needs and asks no network for anything. */
export function htmlReport(report: RunReport): string {
  const library = chartLibrary()
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.passed ? 'Passed' : 'Failed'}: ${escapeHtml(report.run.scenario)}</title>
<link rel="icon" href="data:,">
<style>${library.style}${pageStyle}</style>
</head>
<body>
<main>
${headSection(report)}
${assertionsSection(report)}
${chartsSection(report)}
<noscript><p class="lead">The charts need JavaScript; series.csv has the same figures.</p></noscript>
${tablesSection(report)}
${runSection(report)}
${readingSection()}
</main>
<script type="application/json" id="chart-data">${scriptJson(chartData(report))}</script>
<script>${library.script}</script>
<script>${chartScript}</script>
</body>
</html>
`
}

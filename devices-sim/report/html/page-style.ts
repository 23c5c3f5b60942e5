export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #f5f7f8;
  --card: #ffffff;
  --edge: #dfe4e8;
  --ink: #17212b;
  --quiet: #566370;
  --good: #14703f;
  --good-wash: #e2f4e9;
  --bad: #b3261e;
  --bad-wash: #fdebe9;
  --doubtful: #8a5200;
  --doubtful-wash: #fdf2dd;
  --grid: rgb(23 33 43 / 9%);
  --band: rgb(23 33 43 / 4%);
  --gap: rgb(217 48 37 / 22%);
  --fill: rgb(31 111 200 / 12%);
  --series-1: #7b8794;
  --series-2: #1f6fc8;
  --series-3: #0d8a74;
  --series-4: #b76a00;
  --series-5: #c2345a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151a;
    --card: #182026;
    --edge: #2b353d;
    --ink: #e8edf1;
    --quiet: #a0acb7;
    --good: #6fd09a;
    --good-wash: #16301f;
    --bad: #ff9a90;
    --bad-wash: #3b1c1b;
    --doubtful: #f0bd62;
    --doubtful-wash: #33270f;
    --grid: rgb(232 237 241 / 10%);
    --band: rgb(232 237 241 / 4%);
    --gap: rgb(255 110 98 / 28%);
    --fill: rgb(104 170 245 / 16%);
    --series-1: #93a0ac;
    --series-2: #68aaf5;
    --series-3: #4fc9ae;
    --series-4: #efb04e;
    --series-5: #f4849f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
main { max-width: 1280px; margin: 0 auto; padding: 40px 32px 64px; }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 48px 0 16px; font-size: 20px; line-height: 1.3; font-weight: 620; }
h3 { font-size: 15px; line-height: 1.4; font-weight: 620; }
code, pre { font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 0.9em; }
:focus-visible { outline: 2px solid var(--series-2); outline-offset: 2px; }
.quiet { color: var(--quiet); }
.badge {
  display: inline-block; margin-bottom: 14px; padding: 4px 12px; border-radius: 999px;
  font-size: 13px; font-weight: 700; letter-spacing: 0.06em;
}
.badge.good { color: var(--good); background: var(--good-wash); }
.badge.bad { color: var(--bad); background: var(--bad-wash); }
.lead { margin-top: 8px; color: var(--quiet); }
.alerts { list-style: none; margin-top: 20px; display: grid; gap: 8px; }
.alerts li { padding: 10px 16px; border-left: 4px solid; border-radius: 4px; }
.alerts li::first-letter { text-transform: uppercase; }
.alerts .bad { border-color: var(--bad); background: var(--bad-wash); }
.alerts .doubtful { border-color: var(--doubtful); background: var(--doubtful-wash); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin-top: 28px; }
.figures > div { padding: 14px 16px; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
.figures dt { color: var(--quiet); font-size: 13px; }
.figures dd.value { font-size: 22px; line-height: 1.35; font-weight: 620; white-space: nowrap; }
.figures dd.detail { color: var(--quiet); font-size: 13px; }
.figures .bad .value { color: var(--bad); }
.figures .doubtful .value { color: var(--doubtful); }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
.card { min-width: 0; padding: 20px; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
.card.wide { grid-column: 1 / -1; }
.card figcaption p { margin: 2px 0 12px; color: var(--quiet); font-size: 13px; }
.plot { min-width: 0; overflow: hidden; }
.empty { padding: 56px 16px; text-align: center; color: var(--quiet); }
.uplot { max-width: 100%; }
.uplot .u-legend { margin: 6px 0 0; font-size: 13px; line-height: 1.4; text-align: left; }
.uplot .u-legend .u-series { margin-right: 14px; }
.uplot .u-legend .u-series > * { padding: 2px 0; }
.uplot .u-legend .u-marker { height: 3px; width: 14px; margin-right: 6px; }
.uplot .u-legend .u-label { font-weight: 500; color: var(--quiet); }
.uplot .u-legend .u-value { min-width: 56px; padding-left: 6px; overflow-wrap: normal; white-space: nowrap; }
.uplot .u-legend th::after { font-weight: 400; color: var(--quiet); }
.uplot .u-select { background: var(--band); }
.tables { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
.scroll { overflow-x: auto; margin: 12px -20px 0; padding: 0 20px; }
.scroll table { border-collapse: collapse; font-size: 14px; }
.scroll th, .scroll td { padding: 8px 14px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--edge); }
.scroll th:first-child, .scroll td:first-child { padding-left: 0; }
.scroll th:last-child, .scroll td:last-child { padding-right: 0; }
.scroll tbody tr:last-child > * { border-bottom: 0; padding-bottom: 0; }
.scroll thead th { color: var(--quiet); font-size: 13px; font-weight: 550; white-space: nowrap; vertical-align: bottom; }
.scroll tbody th { font-weight: 550; }
.scroll .name { min-width: 110px; max-width: 340px; overflow-wrap: break-word; }
.scroll .number { text-align: right; white-space: nowrap; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.doubtful { color: var(--doubtful); }
td.bad, td.doubtful, td.good { font-weight: 650; }
.alerts li { color: var(--ink); }
.notes { margin-top: 12px; padding-left: 18px; color: var(--quiet); font-size: 13px; }
.asserted { list-style: none; display: grid; gap: 0; }
.asserted li { display: grid; grid-template-columns: 72px minmax(0, 1fr) minmax(0, 1fr); gap: 4px 16px; padding: 10px 0; }
.asserted li + li { border-top: 1px solid var(--edge); }
.asserted .word { font-weight: 700; font-size: 13px; letter-spacing: 0.04em; line-height: 23px; }
.facts { display: grid; grid-template-columns: minmax(110px, max-content) minmax(0, 1fr); gap: 6px 24px; }
.facts dt { color: var(--quiet); }
.explained dt { margin-top: 14px; font-weight: 620; }
.explained dt:first-child { margin-top: 0; }
.explained dd { max-width: 76ch; color: var(--quiet); }
details { margin-top: 20px; padding-top: 16px; border-top: 1px solid var(--edge); }
main details .scroll { margin: 12px 0 0; padding: 0; }
summary { cursor: pointer; font-weight: 550; }
pre { margin: 0; line-height: 1.5; overflow-wrap: normal; }
@media (max-width: 860px) {
  .charts { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 560px) {
  main { padding: 24px 16px 40px; }
  h1 { font-size: 24px; }
  h2 { margin-top: 36px; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .figures > div { padding: 12px; }
  .figures dd.value { font-size: 19px; }
  .card { padding: 16px; }
  .scroll { margin: 12px -16px 0; padding: 0 16px; }
  .scroll .name { max-width: 190px; }
  .asserted li { grid-template-columns: 64px minmax(0, 1fr); }
  .asserted .actual { grid-column: 2; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts dd { margin-bottom: 10px; }
}
@media print {
  .card, .figures > div { break-inside: avoid; }
}
`

// Pictures of a report for the README: docs/images/sim-report-wide.png and sim-report-narrow.png. It takes the report of
// a finished run, ./demo-report/report.html of `npm run demo` if no other is named:
//   node tools/take-screenshots.mjs [REPORT.html]
// Needs Debian's chromium.
import { mkdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

/** From the top of the page to the end of one of its charts. */
const pictures = [
  { name: 'sim-report-wide.png', width: 1400, lastChart: 1 },
  { name: 'sim-report-narrow.png', width: 400, lastChart: 0 },
]
/** Between a chart, with its legend, and the end of the picture. */
const marginPixels = 70
const mostBytes = 400 * 1024

const report = pathToFileURL(resolve(process.argv[2] ?? 'demo-report/report.html')).href
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url))
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
try {
  for (const { name, width, lastChart } of pictures) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: 'light' })
    await page.goto(report)
    await page.locator('canvas').first().waitFor()
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (wider > 0) throw new Error(`the page is ${wider} pixels wider than the ${width} it has`)
    const chart = await page.locator('canvas').nth(lastChart).boundingBox()
    const height = Math.ceil(chart.y + chart.height) + marginPixels
    await page.screenshot({ path: `${folder}${name}`, fullPage: true, clip: { x: 0, y: 0, width, height } })
    await page.close()
    const { size } = statSync(`${folder}${name}`)
    if (size > mostBytes) throw new Error(`${name} has ${size} bytes, more than ${mostBytes}; make it smaller`)
    process.stdout.write(`${folder}${name}: ${Math.round(size / 1024)} KiB\n`)
  }
} finally {
  await browser.close()
}

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { htmlReport } from '../../../devices-sim/report/html-report.ts'
import type { RunReport } from '../../../devices-sim/report/run-report.ts'
import { blankCharts, faintTexts, layoutFaults } from './page-layout.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

const executablePath = '/usr/bin/chromium'
const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const hostile = `</script><script>document.title='taken'</script><img src=x onerror="document.title='taken'">'"&<!--`

let browser: Browser
let directory: string

beforeAll(async () => {
  if (!existsSync(executablePath)) {
    throw new Error(`there is no ${executablePath}: install the Debian package chromium (apt-get install chromium)`)
  }
  directory = mkdtempSync(join(tmpdir(), 'topiary-report-'))
  browser = await chromium.launch({ executablePath, args: chromiumFlags })
}, 30_000)

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
})

afterAll(async () => {
  await browser?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** The page as a browser opens it from disk, with what it asked for and complained of. */
async function open(report: RunReport, width = 1400, colorScheme: 'light' | 'dark' = 'light') {
  const file = join(directory, 'report.html')
  writeFileSync(file, htmlReport(report))
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  const url = pathToFileURL(file).href
  await page.goto(url)
  return { page, url, requests, complaints }
}

/** Names as long and as wild as a scenario or a broker could make them. */
function withHostileNames(report: RunReport): RunReport {
  const long = `${'x'.repeat(300)}.${hostile}`
  return {
    ...report,
    run: { ...report.run, scenario: hostile, description: long, command: long, id: hostile },
    versions: { ...report.versions, broker: long },
    settings: { [hostile]: long },
    generator: { ...report.generator, saturated: true, reasons: [long] },
    publishing: report.publishing.map((flow) => ({ ...flow, flow: long })),
    deliveries: report.deliveries.map((each) => ({ ...each, flow: long, subscriber: hostile, examples: [long] })),
    phases: report.phases.map((phase) => ({ ...phase, phase: hostile })),
    assertions: [{ assertion: long, passed: false, actual: long }],
    connections: { ...report.connections, reasons: [{ reason: long, count: 1 }] },
  }
}

const single = { ...passedReport, series: passedReport.series.slice(20, 21) }
const mute = { ...passedReport, series: passedReport.series.slice(0, 1) }
const samples: readonly (readonly [string, RunReport])[] = [
  ['passed', passedReport],
  ['failed', failedReport],
  ['brought nothing', emptyReport],
  ['had one second', { ...single, distributions: { ...single.distributions, endToEnd: [{ upToMs: 2, count: 1 }] } }],
  ['had no arrival in its only second', mute],
  ['has hostile names', withHostileNames(failedReport)],
]
const cases = samples.flatMap(([name, report]) => [1400, 400].map((width) => [name, width, report] as const))

async function expectGoodLayout(page: Page): Promise<void> {
  expect(await page.evaluate(layoutFaults)).toEqual([])
}

describe('the page of a run', () => {
  it.each(cases)('that %s is in order at %i px', async (_, width, report) => {
    const { page, url, requests, complaints } = await open(report, width)
    await expectGoodLayout(page)
    for (const details of await page.locator('summary').all()) await details.click()
    await expectGoodLayout(page)
    expect(await page.evaluate(blankCharts)).toEqual([])
    expect(requests).toEqual([url])
    expect(complaints).toEqual([])
  })

  it('has all five charts, or says why not', async () => {
    const { page } = await open(failedReport)
    expect(await page.locator('.plot canvas').count()).toBe(5)
    const nothing = await open(emptyReport)
    expect(await nothing.page.locator('.plot').count()).toBe(0)
    expect(await nothing.page.locator('.empty').allTextContents()).toHaveLength(5)
  })

  it('runs nothing that a name says', async () => {
    const { page } = await open(withHostileNames(failedReport))
    expect(await page.title()).toBe(`Failed: ${hostile}`)
    expect(await page.locator('h1').textContent()).toBe(`${hostile} against an unknown broker`)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('script').count()).toBe(3)
  })

  it('shows values under the cursor', async () => {
    const { page } = await open(failedReport)
    const box = page.locator('#chart-rates')
    await box.locator('.u-over').hover({ position: { x: 200, y: 60 } })
    const legend = await box.locator('.u-value').allTextContents()
    expect(legend).toHaveLength(4)
    expect(legend[0]).toMatch(/^\d+ s$/)
    expect(legend.slice(1).join(' ')).toMatch(/^51,000 \d\d,\d{3} \d\d+,\d{3}$/)
  })

  it('draws its charts again when its width or colours change', async () => {
    const { page } = await open(passedReport)
    const canvas = page.locator('#chart-rates canvas')
    const wide = await canvas.evaluate((element) => element.clientWidth)
    await page.setViewportSize({ width: 400, height: 900 })
    await expect.poll(() => canvas.evaluate((element) => element.clientWidth)).toBeLessThan(400)
    expect(wide).toBeGreaterThan(1000)
    await expectGoodLayout(page)
    const light = await canvas.screenshot()
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(async () => light.equals(await canvas.screenshot())).toBe(false)
    expect(await page.locator('#chart-rates canvas').count()).toBe(1)
    expect(await page.evaluate(blankCharts)).toEqual([])
  })

  it('can be read without seeing it', async () => {
    const { page } = await open(failedReport)
    const labels = await page.locator('[role=img]').evaluateAll((all) => all.map((each) => each.ariaLabel))
    expect(labels).toHaveLength(5)
    expect(labels[1]).toBe(
      'End-to-end latency percentiles over time. Over the whole run: p50 38.2 ms, p99 168 ms, highest 917 ms.',
    )
    expect(await page.locator('.scroll thead th:not([scope=col])').count()).toBe(0)
    expect(await page.locator('.scroll tbody th:not([scope=row])').count()).toBe(0)
    const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])))
    expect(levels.filter((level) => level === 1)).toEqual([1])
    expect(levels.every((level, index) => level - (levels[index - 1] ?? 0) <= 1)).toBe(true)
  })

  it.each(['light', 'dark'] as const)('has contrast in %s', async (scheme) => {
    const { page } = await open(failedReport, 1400, scheme)
    expect(await page.evaluate(faintTexts)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { junitReport } from '../../../devices-sim/report/junit-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

describe('the report as JUnit XML', () => {
  it.each([
    ['passed', passedReport, 'tests="4" failures="0" errors="0" skipped="0" time="62.400"'],
    ['failed', failedReport, 'tests="5" failures="4" errors="0" skipped="0" time="94.700"'],
    ['was broken off', emptyReport, 'tests="1" failures="1" errors="0" skipped="0" time="0.400"'],
  ])('counts the assertions of a run that %s', (_, report, totals) => {
    const xml = junitReport(report)
    expect(xml).toContain(`<testsuites ${totals}>`)
    expect(xml).toContain(`<testsuite name="${report.run.scenario}" ${totals} timestamp="2026-11-21T09:30:00.000Z">`)
    expect(xml.match(/<testcase /g)).toHaveLength(report.assertions.length + 1)
  })

  it('tells what a failed one found', () => {
    const xml = junitReport(failedReport)
    const opening = '<testcase classname="fleet-tracking-storm" name="p99 &lt; 50ms" time="0">'
    expect(xml).toContain(`${opening}\n      <failure message="168 ms" type="assertion">168 ms</failure>`)
    expect(xml).toContain('<failure message="ended: drain timed out"')
    expect(xml).toContain('<property name="generatorSaturated" value="true"/>')
  })

  it.each([
    ['markup', `<a b="c" d='e'>&amp;]]>`, `&lt;a b=&quot;c&quot; d='e'&gt;&amp;amp;]]&gt;`],
    ['control characters', 'a\u0000\u0008\u001b[31mb\u007f', 'a[31mb\u007f'],
    ['line breaks', 'a\n\tb\r', 'a&#10;&#9;b&#13;'],
    ['half a surrogate pair', 'a\ud800b\uffff', 'ab'],
    ['other scripts', 'Grüße 😀', 'Grüße 😀'],
  ])('writes %s as XML takes them', (_, assertion, written) => {
    const report = { ...passedReport, assertions: [{ assertion, passed: false, actual: assertion }] }
    const xml = junitReport(report)
    expect(xml).toContain(`name="${written}" time="0">`)
    expect(xml).toContain(`<failure message="${written}" type`)
  })
})

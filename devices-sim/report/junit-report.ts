import type { RunReport } from './run-report.ts'

interface Case {
  readonly name: string
  /** What was wrong, or undefined where nothing was. */
  readonly failure: string | undefined
}

/** The assertions, and that the run came to its end, as test cases of one suite. */
export function junitReport({ run, assertions, generator }: RunReport): string {
  const end = run.ended === 'finished' ? undefined : `ended: ${run.ended}`
  const cases: Case[] = [
    { name: 'the run comes to its end', failure: end },
    ...assertions.map(({ assertion, passed, actual }) => ({ name: assertion, failure: passed ? undefined : actual })),
  ]
  const failures = cases.filter(({ failure }) => failure !== undefined).length
  const time = run.seconds.toFixed(3)
  const totals = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${time}"`
  const properties = Object.entries({
    run: run.id,
    seed: run.seed,
    ended: run.ended,
    generatorSaturated: generator.saturated,
  }).map(([name, value]) => `      <property name="${name}" value="${attribute(String(value))}"/>`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${attribute(run.scenario)}" ${totals} timestamp="${attribute(run.startedAt)}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...cases.map((each) => caseText(each, run.scenario)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseText({ name, failure }: Case, scenario: string): string {
  const opening = `    <testcase classname="${attribute(scenario)}" name="${attribute(name)}" time="0"`
  if (failure === undefined) return `${opening}/>`
  const message = `      <failure message="${attribute(failure)}" type="assertion">${escaped(failure)}</failure>`
  return [`${opening}>`, message, '    </testcase>'].join('\n')
}

/** Line breaks and tabs would be read as blanks in an attribute. */
function attribute(text: string): string {
  return escaped(text).replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function escaped(text: string): string {
  return withoutForbidden(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** XML 1.0 has no place for control characters and halves of surrogate pairs, not even escaped. */
function withoutForbidden(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
}

import { describe, expect, it } from 'vitest'
import { faultsIn } from './written-scenario.ts'

const fleet = (count: number, more = ''): string => `name: t\nfleets:\n  m:\n    count: ${count}\n${more}`
const message = (more: string, rest = ''): string =>
  fleet(2, `    messages:\n      t: {${more}}\n${rest}    sensors: {temperature: {model: constant, value: 1}}\n`)
const sensor = (more: string): string => fleet(1, `    sensors:\n      s: {${more}}\n`)
const good = 'topic: "a/{client}", every: 1'
const subscriber = (more: string): string => `${message(good)}subscribers:\n  s: {${more}}\n`

type Row = readonly [what: string, text: string, ...faults: string[]]

const wrong: readonly Row[] = [
  // what the schema says
  [
    'a name',
    'nam: t\n',
    '1:1: name must be a text like "machines", and is missing',
    '1:1: there is no entry nam; did you mean name?',
  ],
  [
    'a fleet that cannot be called so',
    'name: t\nfleets:\n  1m: {count: 1}',
    '3:3: fleets.1m cannot be a name, it must be a text like "machines"',
  ],
  [
    'a time',
    message('topic: a, every: soon'),
    '6:28: fleets.m.messages.t.every must be a number from 0 or a text like "5s", not "soon"',
  ],
  ['a share', message(`${good}, jitter: 2`), '6:50: fleets.m.messages.t.jitter must be a number from 0 to 1, not 2'],
  [
    'a rate',
    message('topic: a, perSecond: 0'),
    '6:32: fleets.m.messages.t.perSecond must be a number above 0 to 1000000, not 0',
  ],
  [
    'a protocol',
    message(good, '    protocol: 5\n'),
    '7:15: fleets.m.protocol must be one of 5, 3.1.1, not 5; put it in quotes',
  ],
  [
    'a model',
    sensor('model: sin'),
    '6:18: fleets.m.sensors.s.model must be one of constant, uniform, normal, random-walk, sine, daily, ramp, step, states, events, counter, route, battery, replay, not "sin"',
  ],
  [
    'a name in a sensor',
    sensor('model: uniform, min: 1, maxi: 2'),
    '6:7: fleets.m.sensors.s.max must be a number, and is missing',
    '6:35: there is no entry fleets.m.sensors.s.maxi; did you mean max?',
  ],
  [
    'a format',
    message(`${good}, payload: {format: xml}`),
    '6:60: fleets.m.messages.t.payload.format must be one of json, cbor, sparkplug, fixed, template, not "xml"',
  ],
  [
    'a coordinate',
    sensor('model: route, kilometresPerHour: 5, points: [[0, 0], [91, 0]]'),
    '6:65: fleets.m.sensors.s.points[1][0] must be a number from -90 to 90, not 91',
  ],
  // templates
  [
    'a variable',
    message('topic: "a/{nubmer}", every: 1'),
    '6:18: fleets.m.messages.t.topic names no value {nubmer}; did you mean {number}?',
  ],
  [
    'a variable near to none',
    fleet(1, '    clientId: "{zebra}"\n'),
    '5:15: fleets.m.clientId names no value {zebra}; there is {run}, {fleet}, {number}',
  ],
  [
    'a brace',
    message(`${good}, payload: {format: template, text: "{x"}`),
    '6:76: fleets.m.messages.t.payload.text has a { by itself; write {name} for a value, {{ for the brace',
  ],
  [
    'a sensor in a topic',
    message('topic: "{temperature}", every: 1'),
    '6:18: fleets.m.messages.t.topic names no value {temperature}; there is {run}, {fleet}, {number}, {client}',
  ],
  [
    'a password, without telling it',
    fleet(1, '    userName: u\n    password: "{hush}"\n'),
    '6:15: fleets.m.password names a value that is not there; there is {run}, {fleet}, {number}, {client}',
  ],
  [
    'a fleet in a filter',
    subscriber('filters: ["{fleet}"]'),
    '9:17: subscribers.s.filters[0] names no value {fleet}; there is {run}, {group}, {number}, {client}',
  ],
  [
    'a property',
    message(`${good}, properties: {a: "{b}"}`),
    '6:58: fleets.m.messages.t.properties.a names no value {b}; there is {run}, {fleet}, {number}, {client}',
  ],
  // clients
  [
    'one client identifier for all',
    fleet(2, '    clientId: x\n'),
    '5:15: fleets.m.clientId gives all 2 clients one client identifier, x; put {number} into it',
  ],
  [
    'a client identifier of two',
    `${fleet(3)}subscribers:\n  s: {clientId: m-3, filters: [a]}`,
    '6:17: subscribers.s.clientId gives subscribers s the client identifier m-3, which fleet m has; make them differ',
  ],
  [
    'a long client identifier',
    fleet(1, `    clientId: ${'x'.repeat(65_536)}\n`),
    '5:15: fleets.m.clientId becomes longer than 65,535 bytes, the most that a client identifier can have',
  ],
  [
    'a password alone in 3.1.1',
    `protocol: 3.1.1\n${fleet(1, '    password: x\n')}`,
    '6:15: fleets.m.password needs a userName beside it: MQTT 3.1.1 knows no password without one',
  ],
  // the broker
  [
    'a login in the address, without telling it',
    `${fleet(1)}broker:\n  url: mqtt://anna:hush@localhost:1883`,
    '6:8: broker.url must not hold a user name or password; write userName and password in fleets and subscribers',
  ],
  [
    'a user name alone in the address',
    `${fleet(1)}broker:\n  url: wss://anna@localhost/mqtt`,
    '6:8: broker.url must not hold a user name or password; write userName and password in fleets and subscribers',
  ],
  [
    'an address of another kind, without telling it',
    `${fleet(1)}broker:\n  url: http://anna:hush@localhost`,
    '6:8: broker.url must be a text like "mqtt://127.0.0.1:1883", not a text',
  ],
  [
    'an address without a host, without telling it',
    `${fleet(1)}broker:\n  url: "mqtt://"`,
    '6:8: broker.url must be an address such as mqtt://127.0.0.1:1883',
  ],
  [
    'a certificate without its key',
    `${fleet(1)}broker:\n  cert: a.pem`,
    '6:9: broker.cert needs its key beside it; give broker.key too',
  ],
  [
    'a key without its certificate',
    `${fleet(1)}broker:\n  key: a.pem`,
    '6:8: broker.key needs its certificate beside it; give broker.cert too',
  ],
  // what MQTT has no room for
  [
    'a keep alive of a fleet',
    fleet(1, '    keepAlive: 65536\n'),
    '5:16: fleets.m.keepAlive must be at most 65535s, the most that MQTT can say, not 65536s',
  ],
  [
    'a keep alive of subscribers that is rounded up',
    subscriber('filters: [a], keepAlive: 65535.5s'),
    '9:32: subscribers.s.keepAlive must be at most 65535s, the most that MQTT can say, not 65535.5s',
  ],
  [
    'a session expiry',
    fleet(1, '    sessionExpiry: 4294967296\n'),
    '5:20: fleets.m.sessionExpiry must be at most 4294967295s, the most that MQTT can say, not 4294967296s',
  ],
  [
    'the expiry of a message',
    message(`${good}, expiry: 50000d`),
    '6:50: fleets.m.messages.t.expiry must be at most 4294967295s, the most that MQTT can say, not 4320000000s',
  ],
  [
    'the delay of a will',
    fleet(1, '    will: {topic: w, text: x, delay: 4294967296}\n'),
    '5:38: fleets.m.will.delay must be at most 4294967295s, the most that MQTT can say, not 4294967296s',
  ],
  // messages
  ['no schedule', message('topic: a'), '6:10: fleets.m.messages.t must have either every or perSecond, and has none'],
  [
    'two schedules',
    message(`${good}, perSecond: 1`),
    '6:53: fleets.m.messages.t.perSecond must not stand beside every; take one of them out',
  ],
  ['every 0', message('topic: a, every: 0s'), '6:28: fleets.m.messages.t.every must be above 0'],
  [
    'a rate beyond all',
    fleet(1000, '    messages: {t: {topic: a, perSecond: 1001, payload: {format: fixed, bytes: 9}}}\n'),
    '3:3: fleets send 1,001,000 messages a second in all; more than 1,000,000 cannot be made',
  ],
  [
    'a spike beyond all',
    `${fleet(1000, '    messages: {t: {topic: a, perSecond: 1, payload: {format: fixed, bytes: 9}}}\n')}phases: [{phase: spike, lasts: 1, times: 2000}]`,
    '3:3: fleets send 2,000,000 messages a second in all, in a spike of 2000 times the usual; more than 1,000,000 cannot be made',
  ],
  [
    'the name of a birth',
    fleet(1, '    messages: {birth: {topic: a, every: 1, payload: {format: fixed, bytes: 9}}}\n'),
    '5:16: fleets.m.messages.birth cannot have this name: it is that of what devices say of themselves; take another',
  ],
  ['no topic', message('every: 1'), '6:7: fleets.m.messages.t.topic must be a text, and is missing'],
  [
    'a field',
    message(`${good}, payload: {format: json, fields: [temprature]}`),
    '6:75: fleets.m.messages.t.payload.fields[0] names no sensor temprature; did you mean temperature?',
  ],
  [
    'nothing to send',
    fleet(1, `    messages:\n      t: {${good}}\n`),
    '6:7: fleets.m.messages.t.payload of format json has nothing to send; give the fleet sensors, or use format: fixed',
  ],
  [
    'a sensor of a name that json has already',
    fleet(1, `    messages:\n      t: {${good}}\n    sensors: {time: {model: constant, value: 1}}\n`),
    '6:7: fleets.m.messages.t.payload of format json has a time of its own; rename the sensor, or name others in fields',
  ],
  [
    'a field of a name that cbor has already',
    fleet(
      1,
      `    messages:\n      t: {${good}, payload: {format: cbor, fields: [sim]}}\n    sensors: {sim: {model: constant, value: 1}}\n`,
    ),
    '6:75: fleets.m.messages.t.payload.fields[0] cannot be sim: format cbor has one of its own; rename the sensor',
  ],
  [
    'no fields',
    message(`${good}, payload: {format: cbor, fields: []}`),
    '6:51: fleets.m.messages.t.payload of format cbor has nothing to send; name sensors in fields, or use format: fixed',
  ],
  [
    'sparkplug without a group',
    message('every: 1, payload: {format: sparkplug}'),
    '6:30: fleets.m.messages.t.payload is of format sparkplug, which needs sparkplug with a group in the fleet',
  ],
  [
    'a topic of sparkplug',
    message(`${good}, payload: {format: sparkplug}`, '    sparkplug: {group: g}\n'),
    '6:18: fleets.m.messages.t.topic must be left out: the topic of a Sparkplug message follows from group, node and device',
  ],
  [
    'a device of sparkplug',
    message('every: 1, payload: {format: sparkplug, device: pmup}', '    sparkplug: {group: g, devices: [pump]}\n'),
    '6:58: fleets.m.messages.t.payload.device names no device of sparkplug.devices pmup; did you mean pump?',
  ],
  [
    'a will of sparkplug',
    message(good, '    sparkplug: {group: g}\n    will: {topic: w, text: x}\n'),
    '8:11: fleets.m.will must be left out: the will of a Sparkplug node is its NDEATH',
  ],
  [
    'a payload too small',
    message(`${good}, payload: {format: fixed, bytes: 63}`, '    protocol: 3.1.1\n'),
    '6:74: fleets.m.messages.t.payload.bytes must be at least 64 for MQTT 3.1.1, whose payload holds the mark, not 63',
  ],
  [
    '3.1.1 with what is of 5',
    message(`${good}, expiry: 1, properties: {a: b}`, '    protocol: 3.1.1\n    will: {topic: w, text: x, delay: 1}\n'),
    '6:50: fleets.m.messages.t.expiry needs MQTT 5; take it out, or write protocol: "5"',
    '6:65: fleets.m.messages.t.properties needs MQTT 5; take it out, or write protocol: "5"',
    '8:38: fleets.m.will.delay needs MQTT 5; take it out, or write protocol: "5"',
  ],
  // topics and filters
  [
    'a wildcard in a topic',
    message('topic: "a/+", every: 1'),
    '6:18: fleets.m.messages.t.topic becomes no topic name, "a/+": a topic name holds no wildcard',
  ],
  [
    'a wildcard from the client identifier',
    message(good, '    clientId: "#{number}"\n'),
    '6:18: fleets.m.messages.t.topic becomes no topic name, "a/#2": a topic name holds no wildcard',
  ],
  [
    'a group of two levels',
    fleet(1, '    sparkplug: {group: a/b}\n'),
    '5:24: fleets.m.sparkplug.group must be one level of a topic, without a /',
  ],
  [
    'a filter',
    subscriber('filters: [a#]'),
    '9:17: subscribers.s.filters[0] becomes no topic filter, "a#": # fills the last level alone',
  ],
  [
    'a filter with its group',
    subscriber('filters: [$share/g/a]'),
    '9:17: subscribers.s.filters[0] must be the filter alone; write share: NAME beside filters',
  ],
  [
    'filters that match one topic',
    subscriber('filters: ["+/m-2", "a/#"]'),
    '9:26: subscribers.s.filters[1] matches "a/m-2", as filters[0] does: a broker may deliver it twice; make them differ, or two subscribers',
  ],
  [
    'filters that match topics of several flows, once',
    `${fleet(1, '    birth: {topic: b, text: x}\n    goodbye: {topic: c, text: x}\n')}subscribers: {s: {filters: ["#", "+"]}}`,
    '7:34: subscribers.s.filters[1] matches "b", as filters[0] does: a broker may deliver it twice; make them differ, or two subscribers',
  ],
  [
    'share in 3.1.1',
    subscriber('filters: [a], share: g, protocol: 3.1.1'),
    '9:28: subscribers.s.share needs MQTT 5; take it out, or write protocol: "5"',
  ],
  // commands
  [
    'a fleet of commands',
    `${fleet(1)}commands:\n  c: {fleet: n, topic: a, responseTopic: "b/+", perSecond: 1}`,
    '6:14: commands.c.fleet names no fleet n; did you mean m?',
  ],
  [
    'a topic of commands',
    `${fleet(1)}commands:\n  c: {fleet: m, topic: a, responseTopic: "b/+", perSecond: 1}`,
    '6:42: commands.c.responseTopic becomes no topic name, "b/+": a topic name holds no wildcard',
  ],
  // times
  [
    'a late ramp',
    `${fleet(1)}phases: [{phase: hold, lasts: 1}, {phase: ramp, lasts: 1}]`,
    '5:35: phases[1] is a ramp, which must be the first phase',
  ],
  [
    'a second ramp',
    `${fleet(1)}phases: [{phase: ramp, lasts: 1}, {phase: ramp, lasts: 1}]`,
    '5:35: phases[1] is a second ramp; there can be one',
  ],
  [
    'an early drain',
    `${fleet(1)}phases: [{phase: drain, lasts: 1}, {phase: hold, lasts: 1}]`,
    '5:10: phases[0] is a drain, which must be the last phase',
  ],
  [
    'two drains',
    `${fleet(1)}phases: [{phase: drain, lasts: 1}, {phase: drain, lasts: 1}]`,
    '5:10: phases[0] is a drain, which must be the last phase',
    '5:36: phases[1] is a second drain; there can be one',
  ],
  [
    'a fleet of a storm',
    `${fleet(1)}phases: [{phase: storm, lasts: 1, fleet: zebra}]`,
    '5:42: phases[0].fleet names no fleet zebra; there is m',
  ],
  [
    'away twice at once',
    `${subscriber('filters: [a], away: [{from: 5, lasts: 2}, {from: 4, lasts: 2}]')}phases: [{phase: hold, lasts: 9}]`,
    '9:28: subscribers.s.away[0] begins at 5s, while it is still away until 6s',
  ],
  [
    'away after the end',
    `${subscriber('filters: [a], away: [{from: 8s, lasts: 1500ms}]')}phases: [{phase: ramp, lasts: 5}, {phase: hold, lasts: 9}, {phase: drain, lasts: 5}]`,
    '9:28: subscribers.s.away[0] ends at 9.5s after the ramp, but the phases are over at 9s',
  ],
  [
    'away as long as its session is kept',
    `${subscriber('filters: [a], session: persistent, sessionExpiry: 3, away: [{from: 0, lasts: 3}]')}phases: [{phase: hold, lasts: 9}]`,
    '9:84: subscribers.s.away[0].lasts must be below sessionExpiry (3s), not 3s: the broker may forget the session by then',
  ],
  // sensors
  [
    'min above max',
    sensor('model: uniform, min: 2, max: 1'),
    '6:32: fleets.m.sensors.s.min must be at most max (1), not 2',
  ],
  [
    'a start outside',
    sensor('model: random-walk, start: 9, step: 1, min: 0, max: 5'),
    '6:38: fleets.m.sensors.s.start must be from min (0) to max (5), not 9',
  ],
  [
    'low above high',
    sensor('model: daily, low: 2, high: 1'),
    '6:30: fleets.m.sensors.s.low must be at most high (1), not 2',
  ],
  [
    'a start at the rollover',
    sensor('model: counter, start: 9, perHour: 1, rollover: 9'),
    '6:34: fleets.m.sensors.s.start must be from 0 to below rollover (9), not 9',
  ],
  [
    'a period of 0',
    sensor('model: sine, mean: 0, amplitude: 1, period: 0'),
    '6:55: fleets.m.sensors.s.period must be above 0',
  ],
  [
    'states',
    sensor('model: states, start: of, states: {on: {off: 0.7, on: 0.4}, off: {onn: 1}}'),
    '6:33: fleets.m.sensors.s.start names no state of; did you mean on?',
    '6:50: fleets.m.sensors.s.states.on must have chances of at most 1 together, not 1.1',
    '6:77: fleets.m.sensors.s.states.off.onn is no state onn; did you mean on?',
  ],
  // assertions
  [
    'an assertion',
    `${fleet(1)}assertions: [losst == 0]`,
    '5:14: assertions[0] names no figure losst; did you mean lost?',
  ],
  [
    'a flow of an assertion',
    `${subscriber('filters: [a]')}assertions: [lost == 0 where flow = m.telemtry]`,
    '10:14: assertions[0] names no flow m.telemtry; there is m.t',
  ],
  [
    'a subscriber of an assertion',
    `${subscriber('filters: [a]')}assertions: [lost == 0 where subscriber = x and flow = m.*]`,
    '10:14: assertions[0] names no subscriber x; did you mean s?',
  ],
  ['nothing at all', 'name: t', '1:1: the scenario has neither fleets nor subscribers; give it one'],
  // several at once, in the order of the file
  [
    'much',
    `${message('topic: "{x}", every: 0')}assertions: [p99 < 50]`,
    '6:18: fleets.m.messages.t.topic names no value {x}; there is {run}, {fleet}, {number}, {client}',
    '6:32: fleets.m.messages.t.every must be above 0',
    '8:14: assertions[0] compares p99 with 50; write a time with its unit, such as 50ms or 2s',
  ],
]

describe('a scenario is refused with the place and a sentence for', () => {
  it.each(wrong)('%s', (_, text, ...faults) => {
    expect(faultsIn(text)).toEqual(faults.map((fault) => `s.yaml:${fault}`))
  })
})

const right: readonly (readonly [what: string, text: string])[] = [
  ['with a fleet alone', fleet(3)],
  ['with subscribers alone', 'name: t\nsubscribers: {s: {filters: [a]}}'],
  ['that nobody listens to', message(good)],
  ['with a filter that matches nothing', subscriber('filters: [nowhere, "nowhere/+"]')],
  ['with filters that could match the same topic and do not', subscriber('filters: ["a/m-1", "+/m-2"]')],
  ['with two clients of one template that differ', `${fleet(3)}  m2: {count: 1, clientId: "m-{number:2}"}\n`],
  [
    'with the longest times that MQTT has',
    `${fleet(1, '    keepAlive: 65535\n    sessionExpiry: 4294967295\n    will: {topic: w, text: x, delay: 4294967295}\n')}`,
  ],
  [
    'with an absence that the session outlasts',
    `${subscriber('filters: [a], session: persistent, sessionExpiry: 3, away: [{from: 0, lasts: 2.9s}]')}phases: [{phase: hold, lasts: 9}]`,
  ],
  [
    'with a long absence where no session is kept',
    `${subscriber('filters: [a], sessionExpiry: 3, away: [{from: 0, lasts: 5}]')}phases: [{phase: hold, lasts: 9}]`,
  ],
  [
    'with a long absence in 3.1.1, which says no expiry',
    `${subscriber('filters: [a], protocol: 3.1.1, session: persistent, sessionExpiry: 3, away: [{from: 0, lasts: 5}]')}phases: [{phase: hold, lasts: 9}]`,
  ],
  [
    'with a sensor called time in a payload of its own form',
    fleet(
      1,
      `    messages:\n      t: {${good}, payload: {format: fixed, bytes: 9}}\n    sensors: {time: {model: constant, value: 1}}\n`,
    ),
  ],
  [
    'with a sensor called time that is not sent',
    fleet(
      1,
      `    messages:\n      t: {${good}, payload: {format: json, fields: [a]}}\n    sensors: {time: {model: constant, value: 1}, a: {model: constant, value: 1}}\n`,
    ),
  ],
  ['with a password alone in MQTT 5', fleet(1, '    password: x\n')],
  ['with a small payload in MQTT 5', message(`${good}, payload: {format: fixed, bytes: 0}`)],
  [
    'with sparkplug',
    message('every: 1, payload: {format: sparkplug, device: pump}', '    sparkplug: {group: g, devices: [pump]}\n'),
  ],
  [
    'with one phase after the other away',
    `${subscriber('filters: [a], away: [{from: 0, lasts: 4}, {from: 4, lasts: 5}]')}phases: [{phase: hold, lasts: 9}]`,
  ],
  [
    'with chances that are 1 together',
    sensor('model: states, start: a, states: {a: {b: 0.33, c: 0.56, a: 0.11}, b: {}, c: {}}'),
  ],
  ['with assertions', `${subscriber('filters: [a]')}assertions: [lost == 0 where flow = m.* and subscriber = s]`],
]

describe('a scenario is good', () => {
  it.each(right)('%s', (_, text) => {
    expect(faultsIn(text)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import {
  clientDisconnectCodes,
  connectReturnCode,
  ReasonCode,
  reasonCodeName,
} from '../../src/protocol/reason-codes.ts'

describe('reasonCodeName', () => {
  it.each([
    [0x00, 'success'],
    [0x01, 'granted qos 1'],
    [0x81, 'malformed packet'],
    [0x85, 'client identifier not valid'],
    [0x8d, 'keep alive timeout'],
    [0x95, 'packet too large'],
    [0xa2, 'wildcard subscriptions not supported'],
    [0x03, 'reason code 0x03'],
    [0xff, 'reason code 0xff'],
  ])('0x%s', (code, name) => {
    expect(reasonCodeName(code)).toBe(name)
  })
})

describe('connectReturnCode', () => {
  const expected: Partial<Record<keyof typeof ReasonCode, number>> = {
    success: 0,
    unsupportedProtocolVersion: 1,
    clientIdentifierNotValid: 2,
    serverUnavailable: 3,
    serverBusy: 3,
    quotaExceeded: 3,
    connectionRateExceeded: 3,
    useAnotherServer: 3,
    serverMoved: 3,
    badUserNameOrPassword: 4,
    notAuthorized: 5,
    banned: 5,
    badAuthenticationMethod: 5,
  }
  for (const [name, code] of Object.entries(ReasonCode)) {
    const returnCode = expected[name as keyof typeof ReasonCode]
    it(`${name} is ${returnCode ?? 'a close without CONNACK'}`, () => {
      expect(connectReturnCode(code)).toBe(returnCode)
    })
  }
})

it('a client may send these codes in DISCONNECT [MQTT5-3.14.2-1]', () => {
  const errors = [0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]
  expect([...clientDisconnectCodes]).toEqual([0, 4, ...errors])
})

it('every code of section 2.4 stands once', () => {
  const codes = Object.values(ReasonCode)
  expect(new Set(codes).size).toBe(codes.length)
  const errors = codes.filter((code) => code >= 0x80)
  expect(errors).toEqual(Array.from({ length: 0xa2 - 0x80 + 1 }, (_, index) => 0x80 + index))
  expect(codes.filter((code) => code < 0x80)).toEqual([0, 1, 2, 4, 0x10, 0x11, 0x18, 0x19])
})

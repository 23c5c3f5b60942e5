import { expect, it } from 'vitest'
import type { AuthenticationRequest } from '../../src/contracts/authenticator.ts'
import { startBroker, until } from './started-broker.ts'

it('an authenticator that still thinks can see that the client has left', async () => {
  const asked: AuthenticationRequest[] = []
  const authenticator = { authenticate: (request: AuthenticationRequest) => void asked.push(request) }
  const broker = await startBroker({}, { authenticator })
  const [leaving, staying] = [await broker.open(), await broker.open()]
  leaving.sendConnect({ userName: 'leaving' })
  await until(() => asked.length === 1)
  staying.sendConnect({ userName: 'staying' })
  await until(() => asked.length === 2)
  expect(asked.map(({ isGone }) => isGone())).toEqual([false, false])
  await leaving.abort()
  await until(() => asked[0]?.isGone() === true)
  expect(asked[1]?.isGone()).toBe(false)
})

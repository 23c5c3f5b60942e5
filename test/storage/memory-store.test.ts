import { MemoryStore } from '../../src/storage/memory-store.ts'
import { describeStore } from '../contracts/store.suite.ts'
import { DelayedStore } from '../support/delayed-store.ts'

describeStore('MemoryStore', () => new MemoryStore())
describeStore('DelayedStore, which tests use,', () => new DelayedStore(7))

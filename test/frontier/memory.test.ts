import { systemClock } from '../../src/clock.ts'
import { MemoryFrontier } from '../../src/frontier/memory.ts'
import { describeFrontier } from './contract.ts'

describeFrontier('MemoryFrontier', (options) => Promise.resolve(new MemoryFrontier(options, systemClock)))

import { createMemoryStore } from './memory-store.ts'
import { describeStore } from './store-conformance.ts'

describeStore('the store in memory', async () => {
  const store = createMemoryStore()
  return {
    store,
    takeJobs: async () => store.takeJobs(),
    takeOutbox: async () => store.takeOutbox(),
    close: () => store.close(),
  }
})

import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const browserPath = process.env['PAYLECT_TEST_CHROMIUM'] ?? '/usr/bin/chromium'

/** Quiet: none of these may make the browser talk to anybody but the page under test. */
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the machine's Chromium. Throws with what to install when there is none. */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(browserPath)) {
    throw new Error(
      `This journey needs a Chromium browser and there is none at ${browserPath}. Install one (Debian: apt-get install chromium), or name another in PAYLECT_TEST_CHROMIUM.`,
    )
  }
  return chromium.launch({ executablePath: browserPath, args: browserArguments })
}

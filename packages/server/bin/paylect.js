#!/usr/bin/env node
// The first step of the command line, in plain JavaScript: it must run on the old Node of a stable distribution, find
// the new one that `npm ci` brought along, and hand over to it. On a Node that runs TypeScript it starts at once.

import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, stripsTypes } from './node-version.js'
import { relaunch } from './relaunch.js'

const self = fileURLToPath(import.meta.url)

/** What Node calls experimental is our decision, not the reader's worry. Every other warning is still shown. */
function hideExperimentalWarnings() {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
  })
}

if (stripsTypes(process.versions.node)) {
  hideExperimentalWarnings()
  await import('../src/main.ts')
} else {
  const node = findNode(dirname(self))
  if (node === undefined) {
    process.stderr.write(
      `paylect needs Node.js 22.18 or newer, and this is ${process.versions.node}.\n` +
        'Run "npm ci" in the project (on Linux it brings a suitable Node along), or install Node.js 24.\n',
    )
    process.exit(1)
  }
  relaunch(node, [...process.execArgv, self, ...process.argv.slice(2)])
}

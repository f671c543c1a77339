import { spawn } from 'node:child_process'
import { constants } from 'node:os'

// The states of the process that waits: running (signals are passed on) → ended (the child's exit code, or its signal,
// becomes ours). Nothing else happens here, so nothing can be lost between the two.

const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
const EXIT_CODE_NOT_STARTED = 127
const EXIT_CODE_SIGNAL_BASE = 128

/**
 * A terminal sends Ctrl-C to the child as well. A second SIGINT would read as "stop at once", so in that case ours is
 * swallowed; from anywhere else it is passed on.
 *
 * @param {NodeJS.Signals} signal
 */
function hasReachedChild(signal) {
  return signal === 'SIGINT' && process.stdin.isTTY === true
}

/**
 * Runs a script under another Node with the same terminal, and ends as it ends: with its exit code, or by its signal.
 * SIGINT, SIGTERM and SIGHUP are passed on to it.
 *
 * @param {string} node path of the Node to run
 * @param {readonly string[]} args options, script and arguments
 * @returns {void}
 */
export function relaunch(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' })
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      if (!hasReachedChild(signal)) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    process.stderr.write(`paylect: could not start ${node}: ${error.message}\n`)
    process.exit(EXIT_CODE_NOT_STARTED)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 0)
    for (const name of FORWARDED) process.removeAllListeners(name)
    // As the first process of a container we cannot be killed by our own signal: then the number has to do.
    setImmediate(() => process.exit(EXIT_CODE_SIGNAL_BASE + constants.signals[signal]))
    process.kill(process.pid, signal)
  })
}

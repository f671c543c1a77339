import { buildProgram } from './commands/program.ts'
import { endQuietlyWithReader } from './commands/write-out.ts'

endQuietlyWithReader()
// Acts on import: the launcher in bin/ imports this file after it has made sure of the Node version.
await buildProgram().parseAsync()

import { buildProgram } from './commands/program.ts'

// Acts on import: the launcher in bin/ imports this file after it has made sure of the Node version.
await buildProgram().parseAsync()

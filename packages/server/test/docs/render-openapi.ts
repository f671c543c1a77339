import type { Dialect, DialectServices } from '../../src/dialects/dialect.ts'
import { monetiflow } from '../../src/dialects/monetiflow/index.ts'
import { paylect } from '../../src/dialects/paylect/index.ts'
import { type OpenApiDocument, openApiDocument } from '../../src/http/openapi.ts'

/** The dialects whose contract is published. */
export const publishedDialects: readonly Dialect[] = [paylect, monetiflow]

/** The contract of each dialect by its name. Describing a surface runs none of its endpoints, so no services are needed. */
export function openApiDocuments(): Readonly<Record<string, OpenApiDocument>> {
  const noServices = {} as DialectServices
  return Object.fromEntries(
    publishedDialects.map((dialect) => [dialect.name, openApiDocument(dialect.surface(noServices))]),
  )
}

/** A document as it is committed. */
export function documentText(document: OpenApiDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

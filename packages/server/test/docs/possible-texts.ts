import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Parsed files by their path from the root of the sources. */
export type Sources = ReadonlyMap<string, ts.SourceFile>

/** What the parameters of functions stand for in the call that is looked at. */
export type Bound = ReadonlyMap<ts.ParameterDeclaration, ts.Expression>

/** A text depends on what a function is given. */
export class UnboundParameter extends Error {
  readonly parameter: ts.ParameterDeclaration

  constructor(parameter: ts.ParameterDeclaration) {
    super(`${placeOf(parameter)}: the text depends on a parameter`)
    this.parameter = parameter
  }
}

/**
 * Every text that an expression can be, as far as literals, templates, conditions, constants, parameters and fields of the same
 * file tell. Throws `UnboundParameter` where only the calls can tell, and an error that names the place where nothing can.
 */
export function textsOf(node: ts.Node, bound: Bound): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isLiteralTypeNode(node)) return textsOf(node.literal, bound)
  if (ts.isUnionTypeNode(node)) return node.types.flatMap((type) => textsOf(type, bound))
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return textsOf(node.expression, bound)
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap((way) => textsOf(way, bound))
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    return [node.left, node.right].flatMap((way) => textsOf(way, bound))
  }
  if (ts.isTemplateExpression(node)) return textsOfTemplate(node, bound)
  if (ts.isPropertyAccessExpression(node)) return textsOfField(node.getSourceFile(), node.name.text, bound)
  if (ts.isIdentifier(node)) return textsOfName(node, bound)
  throw new Error(`${placeOf(node)}: cannot tell which text ${node.getText()} is`)
}

function textsOfTemplate(node: ts.TemplateExpression, bound: Bound): string[] {
  let texts = [node.head.text]
  for (const { expression, literal } of node.templateSpans) {
    const inserted = textsOf(expression, bound)
    texts = texts.flatMap((start) => inserted.map((middle) => start + middle + literal.text))
  }
  return texts
}

/** A field can be whatever the objects that its file writes down have under its name. */
function textsOfField(source: ts.SourceFile, name: string, bound: Bound): string[] {
  const values: ts.Expression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === name) values.push(node.initializer)
    ts.forEachChild(node, visit)
  }
  visit(source)
  if (values.length === 0) throw new Error(`${source.fileName}: no object has a text under ${name}`)
  return values.flatMap((value) => textsOf(value, bound))
}

function textsOfName(node: ts.Identifier, bound: Bound): string[] {
  const declaration = declarationOf(node)
  if (declaration && ts.isParameter(declaration)) {
    const given = bound.get(declaration)
    if (given) return textsOf(given, bound)
    if (declaration.type && ts.isUnionTypeNode(declaration.type)) return textsOf(declaration.type, bound)
    throw new UnboundParameter(declaration)
  }
  if (declaration && ts.isBindingElement(declaration)) return textsOfField(node.getSourceFile(), node.text, bound)
  if (declaration?.initializer) return textsOf(declaration.initializer, bound)
  throw new Error(`${placeOf(node)}: cannot tell which text ${node.text} is`)
}

type Declaration = ts.ParameterDeclaration | ts.VariableDeclaration | ts.BindingElement

/** The nearest declaration of a name among the functions and blocks around its use. */
function declarationOf(name: ts.Identifier): Declaration | undefined {
  for (let around: ts.Node = name.parent; ; around = around.parent) {
    const found = declaredIn(around).find((declaration) => declaration.name.getText() === name.text)
    if (found || ts.isSourceFile(around)) return found
  }
}

function declaredIn(node: ts.Node): Declaration[] {
  if (ts.isFunctionLike(node))
    return node.parameters.flatMap((parameter) => (ts.isParameter(parameter) ? parameter : []))
  if (!ts.isBlock(node) && !ts.isSourceFile(node)) return []
  const declarations = node.statements.flatMap((statement) =>
    ts.isVariableStatement(statement) ? statement.declarationList.declarations : [],
  )
  return declarations.flatMap((declaration): Declaration[] =>
    ts.isObjectBindingPattern(declaration.name) ? [...declaration.name.elements] : [declaration],
  )
}

/** What each call of the function that has this parameter gives to all of its parameters. Throws where it is never called by its name. */
export function callsOf(sources: Sources, parameter: ts.ParameterDeclaration): Bound[] {
  const { parent: owner } = parameter
  const named = ts.isArrowFunction(owner) ? owner.parent : owner
  const name = ts.isFunctionDeclaration(named) || ts.isVariableDeclaration(named) ? named.name?.getText() : undefined
  const home = parameter.getSourceFile()
  const calls = [...sources.values()]
    .filter((source) => source === home || (name !== undefined && imports(source, name, home.fileName)))
    .flatMap((source) => callsIn(source, name))
  if (calls.length === 0) throw new Error(`${placeOf(parameter)}: cannot find what calls ${name ?? 'this function'}`)
  return calls.map((call) => {
    const given = owner.parameters.flatMap((each, index) => {
      const argument = call.arguments[index] ?? each.initializer
      return ts.isParameter(each) && argument ? [[each, argument] as const] : []
    })
    return new Map(given)
  })
}

function callsIn(source: ts.SourceFile, name: string | undefined): ts.CallExpression[] {
  const found: ts.CallExpression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function imports(source: ts.SourceFile, name: string, from: string): boolean {
  return source.statements.some((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return false
    if (join(dirname(source.fileName), statement.moduleSpecifier.text) !== from) return false
    const names = statement.importClause?.namedBindings
    return names !== undefined && ts.isNamedImports(names) && names.elements.some((each) => each.name.text === name)
  })
}

function placeOf(node: ts.Node): string {
  const source = node.getSourceFile()
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

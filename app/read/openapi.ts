/** /openapi.json, made of the routes themselves, and of what others declare. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { problemShape } from './problem.ts'
import type { AnyRoute } from './route.ts'

type Json = Readonly<Record<string, unknown>>

/** A part of the document, by whoever serves those paths. */
export interface OpenApiPart {
  /** By path, by method in lower case. */
  readonly paths: Readonly<Record<string, Json>>
  readonly components?: Readonly<Record<string, Json>>
}

const TOKEN = 'token'
const SESSION = 'session'

/** OpenAPI 3.1 of all parts. Throws if two of them declare the same operation, or different components of one name. */
export function openApiDocument(version: string, parts: readonly OpenApiPart[]): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  const components: Record<string, Record<string, unknown>> = { securitySchemes: { ...SECURITY } }
  for (const part of parts) {
    for (const [path, operations] of Object.entries(part.paths))
      merge((paths[path] ??= {}), operations, path, () => false)
    for (const [kind, named] of Object.entries(part.components ?? {}))
      merge((components[kind] ??= {}), named, `components/${kind}`, isDeepStrictEqual)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Milepost', version, description: 'Real-time transport visibility. Times are ISO 8601, UTC.' },
    paths,
    components,
  }
}

function merge(
  into: Record<string, unknown>,
  from: Json,
  where: string,
  same: (a: unknown, b: unknown) => boolean,
): void {
  for (const [name, value] of Object.entries(from)) {
    if (name in into && !same(into[name], value)) throw new Error(`OpenAPI: ${where}: two parts declare ${name}`)
    into[name] = value
  }
}

const SECURITY = {
  [TOKEN]: { type: 'http', scheme: 'bearer', description: 'A token made by `milepost token create`' },
  [SESSION]: { type: 'apiKey', in: 'cookie', name: 'milepost_session', description: 'Opened by the one-time link' },
}

/** What routes declare. */
export function openApiOf(routes: readonly AnyRoute[]): OpenApiPart {
  const schemas = new Schemas()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const one of routes) (paths[one.path] ??= {})[one.method.toLowerCase()] = operationOf(one, schemas)
  return { paths, components: { schemas: schemas.all } }
}

function operationOf(
  { path, method, summary, role, params, query, body, answers, problems }: AnyRoute,
  schemas: Schemas,
): Json {
  const faults: Record<number, string> = {
    ...(query && { 400: 'A parameter is not as documented' }),
    ...(role && { 401: 'No token that opens anything', 403: 'Not with this token, or not from this page' }),
    ...(body && { 400: 'The body is not JSON', 422: 'The body is not as documented' }),
    ...(role && { 503: 'Not now: try again after Retry-After seconds' }),
    ...problems,
  }
  const problem = schemas.refer(problemShape, 'output')
  return {
    operationId: operationId(method, path),
    summary,
    ...(role && { security: [{ [TOKEN]: [] }, { [SESSION]: [] }] }),
    parameters: [...parameters('path', params), ...parameters('query', query)],
    ...(body && {
      requestBody: { required: false, content: content('application/json', schemas.refer(body, 'input')) },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(faults).map(([status, description]) => [
          status,
          { description, content: content('application/problem+json', problem) },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, shape, type = 'application/json' }]) => [
          status,
          { description, content: content(type, schemas.refer(shape, 'output')) },
        ]),
      ),
    },
  }
}

const content = (type: string, schema: unknown): Json => ({ [type]: { schema } })

const operationId = (method: string, path: string): string =>
  [method.toLowerCase(), ...path.replaceAll(/[{}]/g, '').split('/').filter(Boolean)].join('_')

function parameters(where: 'path' | 'query', shape: z.ZodObject | undefined): Json[] {
  if (!shape) return []
  const { properties = {}, required = [] } = jsonSchema(shape, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

/** Shapes with an id become components; the others are written where they are used. */
class Schemas {
  readonly all: Record<string, Json> = {}

  refer(shape: z.ZodType, io: 'input' | 'output'): unknown {
    const { $defs = {}, ...schema } = jsonSchema(shape, io) as { $defs?: Record<string, Json> }
    for (const [name, definition] of Object.entries($defs)) this.all[name] = pointed(definition) as Json
    // A shape that has an id of its own is nothing but a reference to it by now.
    return pointed(schema)
  }
}

function jsonSchema(shape: z.ZodType, io: 'input' | 'output'): Json {
  const schema = z.toJSONSchema(shape, {
    io,
    override({ jsonSchema }) {
      // Zod's patterns of dates are longer than everything else; the format says it.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  })
  delete schema.$schema
  return schema
}

/** Components lie elsewhere in an OpenAPI document than in a JSON Schema; `id` is no keyword of either. */
function pointed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(pointed)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => {
      if (key === 'id' && typeof value === 'string') return []
      if (key === '$ref') return [[key, String(value).replace('#/$defs/', '#/components/schemas/')]]
      return [[key, pointed(value)]]
    }),
  )
}

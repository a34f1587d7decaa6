import { z } from 'zod';
import { ErrorBody } from './errors.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';

type Json = Record<string, unknown>;

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  return json;
}

function parametersOf(operation: Operation): Json[] {
  const parameters: Json[] = [];
  for (const [place, schema] of [
    ['path', operation.params],
    ['query', operation.query],
  ] as const) {
    const json = toJsonSchema(schema, 'input') as { properties?: Json; required?: string[] };
    for (const [name, property] of Object.entries(json.properties ?? {})) {
      const required = place === 'path' || (json.required ?? []).includes(name);
      parameters.push({ name, in: place, required, schema: property });
    }
  }
  return parameters;
}

const ERROR_ANSWER = {
  description: 'What is wrong and what to do',
  content: { 'application/json': { schema: toJsonSchema(ErrorBody, 'output') } },
};

function answersOf(operation: Operation): Json {
  const success: Json = { description: 'Done' };
  if (operation.status !== 204) {
    success.content = { [operation.contentType]: { schema: toJsonSchema(operation.response, 'output') } };
  }
  return { [operation.status]: success, default: ERROR_ANSWER };
}

function hasBody(operation: Operation): boolean {
  return operation.method !== 'GET' && operation.method !== 'DELETE' && !operation.body.isOptional();
}

function describe(tag: string, operation: Operation): Json {
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [tag],
    parameters: parametersOf(operation),
    ...(hasBody(operation) && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: toJsonSchema(operation.body, 'input') } },
      },
    }),
    responses: answersOf(operation),
  };
}

/** The OpenAPI 3.1 document of the whole API, made from the schemas that validate its requests. */
export function buildOpenApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const { tag, operation } of OPERATIONS) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(tag, operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Flowyard', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/api/v1' }],
    security: [{ session: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'flowyard_session' },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

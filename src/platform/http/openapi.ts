import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { LIMITS } from '../../core/limits.js';

type Schema = Parameters<typeof ApiBody>[0] extends infer Options
  ? Extract<Options, { schema: unknown }>['schema']
  : never;

/** A zod schema as OpenAPI 3.1 (which is JSON Schema 2020-12). */
export const openApiSchema = (schema: z.ZodType): Schema => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return json as Schema;
};

/** A body of one item, of a batch, or of NDJSON lines, answered item by item. */
export const ApiPostedItems = (item: z.ZodType) =>
  applyDecorators(
    ApiConsumes('application/json', 'application/x-ndjson'),
    ApiBody({
      schema: {
        oneOf: [
          openApiSchema(item),
          {
            type: 'object',
            required: ['items'],
            properties: { items: { type: 'array', maxItems: LIMITS.items, items: openApiSchema(item) } },
          },
        ],
      } as Schema,
    }),
    ApiResponse({ status: 202, description: 'Committed: {id, status}, or {results: [...]} in the order of the items' }),
    ApiResponse({ status: 207, description: 'Mixed: some items were rejected or are in conflict' }),
    ApiResponse({ status: 409, description: 'The id was accepted before with another body' }),
    ApiResponse({ status: 422, description: 'None was accepted; errors name each wrong field' }),
  );

/** A body checked by a zod schema. */
export const ApiJsonBody = (schema: z.ZodType) => ApiBody({ schema: openApiSchema(schema) });

/** Query parameters, one for each member of a zod object. */
export const ApiQueryOf = (schema: z.ZodObject) => {
  const { properties = {} } = openApiSchema(schema) as { properties?: Record<string, Schema> };
  return applyDecorators(
    ...Object.entries(properties).map(([name, member]) => ApiQuery({ name, required: false, schema: member } as never)),
  );
};

export const ApiVersionParam = () => ApiParam({ name: 'version', schema: { type: 'integer' } });

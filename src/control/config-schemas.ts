/**
 * The configs of objects in the description of the control plane: made from the very schemas that judge documents. They
 * are described by zod itself, which knows values that hold themselves, as any JSON does.
 */
import { z } from '@hono/zod-openapi';
import { json } from '../core/document-parts.ts';
import type { ControlApp } from './api-operation.ts';

type Route = Parameters<ControlApp['openAPIRegistry']['registerPath']>[0];
type Content = NonNullable<NonNullable<Route['request']>['body']>['content'];

/** A schema as OpenAPI has it, or a reference to one. */
export type Described = Exclude<
  NonNullable<Exclude<NonNullable<Content[string]>, { $ref: string }>['schema']>,
  z.ZodType
>;

const anyJson = 'AnyJson';

function described(schema: z.ZodType): Described {
  const { $schema: _dialect, $defs = {}, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const [recursive, another] = Object.keys($defs);
  if (another !== undefined) throw new Error(`${another} would have to be described as well`);
  const text = JSON.stringify(rest);
  return JSON.parse(text.replaceAll(`#/$defs/${recursive}`, `#/components/schemas/${anyJson}`)) as Described;
}

/** Makes `#/components/schemas/NAME` known, and says how it is referred to. */
export function describeConfig(app: ControlApp, name: string, schema: z.ZodType): Described {
  return app.openAPIRegistry.registerComponent('schemas', name, described(schema)).ref;
}

/** What any object's config may carry as it is. To be registered once. */
export function describeJson(app: ControlApp): void {
  const { $defs = {} } = z.toJSONSchema(z.array(json));
  const [schema] = Object.values($defs);
  const text = JSON.stringify(schema).replaceAll(/#\/\$defs\/\w+/g, `#/components/schemas/${anyJson}`);
  app.openAPIRegistry.registerComponent('schemas', anyJson, JSON.parse(text) as Described);
}

/** A body with a config in it: the other fields by their own schema. */
export function withConfig(said: z.ZodType, config: Described): Described {
  const { properties = {}, ...rest } = described(said) as { readonly properties?: object };
  return { ...rest, properties: { ...properties, config }, required: ['config'] } as Described;
}

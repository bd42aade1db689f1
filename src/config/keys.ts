import { z } from 'zod';
import { configSchema } from './schema.ts';

/** One key of the configuration, as documentation and environment name it. */
export interface ConfigKey {
  /** Path in the file, such as `sip.t1Ms`. */
  readonly path: readonly string[];
  /** Its environment variable, such as `FIRSTLINE_SIP_T1_MS`. */
  readonly variable: string;
  readonly describe: string;
  readonly defaultText: string;
}

/** The environment variable of a key. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((part) =>
    part
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
      .toUpperCase(),
  );
  return `FIRSTLINE_${words.join('_')}`;
}

/** All keys, in the order of the schema. Groups (plain objects) are walked, everything else is a key. */
export function configKeys(): readonly ConfigKey[] {
  const document = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return walk(document as JsonSchema, []);
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function walk(schema: JsonSchema, path: readonly string[]): ConfigKey[] {
  if (schema.properties !== undefined && schema.description === undefined) {
    return Object.entries(schema.properties).flatMap(([name, child]) => walk(child, [...path, name]));
  }
  return [
    {
      path,
      variable: variableOf(path),
      describe: schema.description ?? '',
      defaultText: schema.default === undefined ? 'none' : JSON.stringify(schema.default),
    },
  ];
}

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorDetail } from 'libxml2-wasm';
import {
  closeBuffer,
  openBuffer,
  ParseOption,
  RelaxNGValidator,
  readBuffer,
  XmlDocument,
  XmlValidateError,
  XsdValidator,
  xmlRegisterInputProvider,
} from 'libxml2-wasm';

// Published schemas, and a validator of another make than our reader, for what we write. Nothing is fetched: what a schema
// names is looked up in the vectors and in our fixtures, and is an empty schema where it is in neither.

const vectors = process.env['FIRSTLINE_VECTORS'];

/** Why schemas are not at hand, for the name of a test that needs them; empty where they are. */
export const schemasSkipped = vectors === undefined ? ' (skipped: FIRSTLINE_VECTORS is not set)' : '';

/** The schemas that documents are held to, by what they describe. */
export type SchemaName = 'pidfLo' | 'held' | 'heldDevice' | 'lost' | 'providedBy' | 'filter';

const entries: Readonly<Record<SchemaName, string>> = {
  pidfLo: 'published/pidf-lo/pidflo-full.xsd',
  held: 'published/held/held-full.xsd',
  heldDevice: 'published/held/held-id.xsd',
  lost: 'published/lost/lost1.rng',
  providedBy: 'provided-by.xsd',
  filter: 'simple-filter.xsd',
};

const fixtures = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', 'schemas');
const validators = new Map<SchemaName, XsdValidator | RelaxNGValidator>();

xmlRegisterInputProvider({
  match: () => true,
  open: (uri) => openBuffer(schemaBytes(uri)),
  read: readBuffer,
  close: (fd) => {
    closeBuffer(fd);
    return true;
  },
});

/**
 * What a schema has against a document: one line for each objection, empty where it is valid. Throws where the vectors are
 * not at hand: ask {@link schemasSkipped} first.
 */
export function schemaErrors(name: SchemaName, xml: string | Uint8Array): readonly string[] {
  const validator = validatorOf(name);
  const document = typeof xml === 'string' ? XmlDocument.fromString(xml) : XmlDocument.fromBuffer(xml);
  try {
    validator.validate(document);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof XmlValidateError)) throw thrown;
    return thrown.details.map((detail: ErrorDetail) => detail.message.trim());
  } finally {
    document.dispose();
  }
}

function validatorOf(name: SchemaName): XsdValidator | RelaxNGValidator {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const uri = join(fixtures, entries[name]);
  const schema = XmlDocument.fromBuffer(schemaBytes(uri), {
    url: uri,
    option: ParseOption.XML_PARSE_NONET,
  });
  const validator = name === 'lost' ? RelaxNGValidator.fromDoc(schema) : XsdValidator.fromDoc(schema);
  schema.dispose();
  validators.set(name, validator);
  return validator;
}

/** Finds a schema by the place that another one names: a folder of ours, or the World Wide Web Consortium's address. */
function schemaBytes(uri: string): Uint8Array {
  const file = schemaFile(uri);
  if (file !== undefined && existsSync(file)) return readFileSync(file);
  return Buffer.from('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>');
}

/** Under the folder `published` of our fixtures stand the vectors' schemas. */
function schemaFile(uri: string): string | undefined {
  if (/^https?:.*\/xml\.xsd$/.test(uri)) return publishedFile('pidf-lo/xml.xsd');
  if (uri.includes('/additional-data')) return join(fixtures, basename(uri));
  const path = relative(fixtures, uri.replace(/^file:\/\//, ''));
  if (path.startsWith('..')) return undefined;
  return path.startsWith('published/')
    ? publishedFile(path.slice('published/'.length))
    : join(fixtures, path);
}

function publishedFile(path: string): string {
  if (vectors === undefined) throw new Error('FIRSTLINE_VECTORS names no folder, so there are no schemas');
  return join(vectors, 'schemas', path);
}

import { createHash } from 'node:crypto';
import { type DatasetId, datasetId } from '../base/index.ts';

/** What a boundary is known by, for as long as it is what it is. */
export interface BoundaryKey {
  readonly datasetId: DatasetId;
  readonly revision: number;
  readonly boundaryId: string;
}

/** A list of services at a place: the region in which it stays the same, and what data it was made of. */
export interface ListKey {
  readonly datasetId: DatasetId;
  readonly revision: number;
  /** JSON of the region. */
  readonly region: string;
}

// RFC 5222 §5.6 wants 128 bits that no other boundary has: 132 bits of a hash over the server, the dataset, its revision and
// the boundary. What the key is of stands in it, so that any node answers for it, also after a restart, without a memory.
const hashLength = 22;

/** The key of a boundary, of the characters of a URI. */
export function writeBoundaryKey(server: string, key: BoundaryKey): string {
  return write(server, 'b', [key.datasetId, key.revision, key.boundaryId]);
}

/** Reads {@link writeBoundaryKey}; undefined for a key that this server did not make. */
export function readBoundaryKey(server: string, text: string): BoundaryKey | undefined {
  const parts = read(server, 'b', text);
  return parts && { datasetId: parts.datasetId, revision: parts.revision, boundaryId: parts.rest };
}

/** The key of a service list's region (RFC 6197 §3.2). */
export function writeListKey(server: string, key: ListKey): string {
  return write(server, 'l', [key.datasetId, key.revision, key.region]);
}

/** Reads {@link writeListKey}; undefined for a key that this server did not make. */
export function readListKey(server: string, text: string): ListKey | undefined {
  const parts = read(server, 'l', text);
  return parts && { datasetId: parts.datasetId, revision: parts.revision, region: parts.rest };
}

function write(
  server: string,
  kind: string,
  [dataset, revision, rest]: readonly [number, number, string],
): string {
  const said = `${kind}${dataset}.${revision}.${Buffer.from(rest, 'utf8').toString('base64url')}`;
  return `${said}.${hashOf(server, said)}`;
}

function read(
  server: string,
  kind: string,
  text: string,
): { readonly datasetId: DatasetId; readonly revision: number; readonly rest: string } | undefined {
  const found = /^(([a-z])([1-9]\d{0,9})\.(\d{1,9})\.([\w-]+))\.([\w-]+)$/.exec(text.trim());
  if (found === null || found[2] !== kind) return undefined;
  const [, said = '', , dataset, revision, rest = '', hash] = found;
  if (hash !== hashOf(server, said)) return undefined;
  return {
    datasetId: datasetId(Number(dataset)),
    revision: Number(revision),
    rest: Buffer.from(rest, 'base64url').toString('utf8'),
  };
}

function hashOf(server: string, said: string): string {
  return createHash('sha256')
    .update(`${server.toLowerCase()} ${said}`)
    .digest('base64url')
    .slice(0, hashLength);
}

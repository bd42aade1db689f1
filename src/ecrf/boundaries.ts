import { errorText } from '../base/index.ts';
import type { GetServiceBoundary, GetServiceListBoundary, LostAnswer, LostBoundary } from '../lost/index.ts';
import { type EcrfParts, leftMs, pathWithUs, type QueryContext, refuse } from './context.ts';
import { polygonsOf } from './geometry.ts';
import { type BoundaryKey, readBoundaryKey, readListKey } from './keys.ts';
import { listBoundaryOf } from './list-region.ts';
import { areaOf } from './mapping.ts';

/**
 * Gives a boundary by its key (RFC 5222 §9). A key is of one state of a boundary: after a change it leads to nothing, and
 * the client asks anew. Not recursive: the key names the server that made it.
 */
export async function getServiceBoundary(
  { key: text }: GetServiceBoundary,
  context: QueryContext,
  parts: EcrfParts,
): Promise<LostAnswer> {
  const { options, ports, turns } = parts;
  const key = readBoundaryKey(options.name, text);
  if (key === undefined) return refuse(parts, 'notFound', 'no boundary has this key here');
  try {
    const geometry = await turns.take(() => ports.directory.geometry(key, leftMs(context, parts)));
    const polygons = geometry && polygonsOf(geometry, Number.POSITIVE_INFINITY);
    if (polygons === undefined) return refuse(parts, 'notFound', 'the boundary has changed since');
    return {
      kind: 'getServiceBoundaryResponse',
      boundaries: [polygons, ...civicOf(key, parts)],
      warnings: [],
      path: pathWithUs([], parts),
    };
  } catch (thrown) {
    ports.logger.warn('lost.boundaryNotRead', { error: errorText(thrown) });
    return refuse(parts, 'internalError', 'the boundary could not be read');
  }
}

/** The same region by the names of its area, for clients that know addresses alone (RFC 5222 §5.5). */
function civicOf(key: BoundaryKey, { ports }: EcrfParts): readonly LostBoundary[] {
  const list = ports.directory.current();
  if (list?.datasetId !== key.datasetId) return [];
  const area = areaOf(list.boundaries.get(key.boundaryId));
  return area === undefined ? [] : [{ kind: 'civic', civics: [area] }];
}

/** Gives the region of a list of services by its key (RFC 6197 §3.2). */
export function getServiceListBoundary({ key: text }: GetServiceListBoundary, parts: EcrfParts): LostAnswer {
  const key = readListKey(parts.options.name, text);
  const list = parts.ports.directory.current();
  const isCurrent = key?.datasetId === list?.datasetId && key?.revision === list?.revision;
  const found = key === undefined || !isCurrent ? undefined : listBoundaryOf(key.region, parts);
  if (found === undefined) return refuse(parts, 'notFound', 'no list of services has this key here');
  return {
    kind: 'getServiceListBoundaryResponse',
    serviceListBoundaries: [found],
    warnings: [],
    path: pathWithUs([], parts),
  };
}

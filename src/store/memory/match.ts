import type { BoundaryMatch } from '../../esrp/index.ts';
import { decodeMatch } from '../decode.ts';
import type { DatasetSnapshot } from './snapshot.ts';

/** A row as answers name it; made when it is first asked for, and kept. */
export function matchOf({ columns, version, matches }: DatasetSnapshot, row: number): BoundaryMatch {
  const known = matches[row];
  if (known !== undefined) return known;
  const match = decodeMatch(
    {
      boundaryId: columns.text(row, 'boundaryId') ?? '',
      displayName: columns.text(row, 'displayName') ?? '',
      serviceUrn: columns.services[columns.serviceNo(row)] ?? '',
      serviceUri: columns.text(row, 'serviceUri') ?? '',
      serviceNumber: columns.text(row, 'serviceNumber') ?? null,
      agencyId: columns.text(row, 'agencyId') ?? null,
      priority: columns.priority(row),
    },
    version.datasetId,
  );
  matches[row] = match;
  return match;
}

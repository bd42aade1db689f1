import { assertNever } from '../../base/index.ts';
import type { CivicAddress } from '../../location/index.ts';
import type { LostAnswer, LostBoundary, LostExpiry, LostMapping } from '../../lost/index.ts';
import { type Colors, fields, printable } from '../output.ts';

type Row = readonly [string, string | undefined];

/** An answer of a LoST server for people. */
export function lostAnswerText(answer: LostAnswer, colors: Colors): string {
  switch (answer.kind) {
    case 'findServiceResponse':
      return [
        ...answer.mappings.map((mapping) => fields(mappingRows(mapping), colors)),
        fields([...validationRows(answer), ...commonRows(answer)], colors),
      ]
        .filter((block) => block !== '')
        .join('\n');
    case 'listServicesResponse':
      return `${answer.services.map(printable).join('\n')}\n`;
    case 'listServicesByLocationResponse': {
      const [region] = answer.serviceListBoundaries ?? [];
      const services: Row = ['services', answer.services.map(printable).join('\n            ') || 'none'];
      const rows: readonly Row[] = [
        services,
        ['the same in', region && boundaryText(region.boundary)],
        ['until', region && expiryText(region.expires)],
        ...commonRows(answer),
      ];
      return fields(rows, colors);
    }
    case 'getServiceBoundaryResponse':
      return fields(
        [['boundary', answer.boundaries.map(boundaryText).join('; ')], ...commonRows(answer)],
        colors,
      );
    case 'getServiceListBoundaryResponse':
      return fields(
        [['boundary', answer.serviceListBoundaries.map(({ boundary }) => boundaryText(boundary)).join('; ')]],
        colors,
      );
    case 'redirect':
      return fields(
        [
          ['redirect', printable(answer.target)],
          ['from', printable(answer.source)],
          ['because', printable(answer.message)],
        ],
        colors,
      );
    case 'errors':
      return fields(
        [
          ...answer.exceptions.map(
            ({ type, message }): Row => ['error', colors.red(printable(`${type}: ${message}`))],
          ),
          ['from', printable(answer.source)],
        ],
        colors,
      );
    case 'getMappingsResponse':
    case 'pushMappingsResponse':
      return `${answer.kind}\n`;
    default:
      return assertNever(answer);
  }
}

function mappingRows(mapping: LostMapping): readonly Row[] {
  const { displayNames, service, uris, serviceNumber, source, sourceId, boundaryReference } = mapping;
  return [
    ['mapping', printable(displayNames.map(({ text }) => text).join(', ') || sourceId)],
    ['service', service === undefined ? undefined : printable(service)],
    ['uri', printable(uris.join(' '))],
    ['number', serviceNumber],
    ['of', printable(`${source} ${sourceId}, of ${mapping.lastUpdated.text}`)],
    ['until', expiryText(mapping.expires)],
    ['boundary', mapping.boundaries.map(boundaryText).join('; ')],
    ['by key', boundaryReference && printable(`${boundaryReference.key} at ${boundaryReference.source}`)],
  ];
}

function validationRows({
  locationValidation,
}: Extract<LostAnswer, { kind: 'findServiceResponse' }>): readonly Row[] {
  if (locationValidation === undefined) return [];
  const { valid, invalid, unchecked, revalidateAfter, similarLocations = [] } = locationValidation;
  return [
    ['valid', valid.join(' ')],
    ['invalid', invalid.join(' ')],
    ['unchecked', unchecked.join(' ')],
    ['check again', revalidateAfter && expiryText(revalidateAfter)],
    ...similarLocations.map((similar): Row => ['similar', civicText(similar)]),
  ];
}

function commonRows(
  answer: Extract<LostAnswer, { readonly warnings: unknown; readonly path: unknown }>,
): readonly Row[] {
  return [
    ...answer.warnings.flatMap(({ source, exceptions }) =>
      exceptions.map(({ type, message }): Row => ['warning', printable(`${type}: ${message} (${source})`)]),
    ),
    ['path', printable(answer.path.map(({ source }) => source).join(' > '))],
  ];
}

function expiryText(expiry: LostExpiry): string {
  if (expiry === 'NO-CACHE') return 'not to be kept';
  return expiry === 'NO-EXPIRATION' ? 'no end' : printable(expiry.text);
}

function boundaryText(boundary: LostBoundary): string {
  switch (boundary.kind) {
    case 'polygons': {
      const corners = boundary.polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
      return `${boundary.polygons.length} polygon${boundary.polygons.length === 1 ? '' : 's'} of ${corners} corners`;
    }
    case 'shapes':
      return boundary.shapes
        .map((shape) =>
          shape.kind === 'circle'
            ? `${shape.radiusM} m around ${shape.center.lat} ${shape.center.lon}`
            : `a ${shape.kind}`,
        )
        .join(', ');
    case 'civic':
      return boundary.civics.map(civicText).join('; ');
    case 'unreadable':
      return `of profile ${printable(boundary.profile ?? 'unknown')}`;
    default:
      return assertNever(boundary);
  }
}

function civicText({ country, elements }: CivicAddress): string {
  const parts = [...(country === undefined ? [] : [['country', country] as const]), ...elements];
  return printable(parts.map(([name, value]) => `${name}=${value}`).join(','));
}

import { datasetId, serviceUrn } from '../../base/index.ts';
import type { CivicResolution, LookupAnswer, LookupScope } from '../../esrp/index.ts';
import type { CivicAddress } from '../../location/index.ts';
import { regionKeys, soughtAreaKeys } from '../area-names.ts';
import { answerOf, compareTies, isAbsence } from '../lookup-order.ts';
import { candidatesMax } from '../sql/lookup.ts';
import { matchOf } from './match.ts';
import type { DatasetSnapshot } from './snapshot.ts';

interface Fitting {
  readonly row: number;
  readonly preference: number;
  readonly priority: number;
  readonly boundaryId: string;
  /** How fine the level is to which it agrees with the address: 3 for A3, down to 0 for the country. */
  readonly depth: number;
}

/**
 * The boundaries that an address can mean by the area names that they bear, as the database finds them where neither
 * address points nor roads help: of those that agree to the finest level, for the most preferred service that has any.
 */
export function boundariesByNames(
  snapshot: DatasetSnapshot,
  civic: CivicAddress,
  scope: LookupScope,
): LookupAnswer {
  const fitting = fittingRows(snapshot, civic, scope);
  const preference = Math.min(...fitting.map((each) => each.preference));
  const preferred = fitting.filter((each) => each.preference === preference);
  const depth = Math.max(...preferred.map((each) => each.depth));
  const finest = preferred.filter((each) => each.depth === depth).sort(compareTies);
  const uris = new Set(finest.map(({ row }) => snapshot.columns.text(row, 'serviceUri')));
  const matches = finest.slice(0, candidatesMax).map(({ row }) => matchOf(snapshot, row));
  const { datasetId: dataset } = snapshot.version;
  if (uris.size > 1 && !matches.every(isAbsence)) {
    return { kind: 'ambiguous', datasetId: datasetId(dataset), candidates: matches };
  }
  const answer = answerOf(matches, dataset, { rule: 'areaName' });
  return answer.kind === 'found' ? { ...answer, civic: resolution(answer.matches[0].boundaryId) } : answer;
}

function resolution(featureId: string): CivicResolution {
  return {
    layer: 'area',
    featureId,
    position: undefined,
    score: 1,
    steps: ['address points and roads are not in memory', 'by the area names of service boundaries'],
  };
}

function fittingRows(
  { columns }: DatasetSnapshot,
  civic: CivicAddress,
  { services, asOf }: LookupScope,
): readonly Fitting[] {
  const { countryKey, a1Key } = regionKeys(civic.country, civic.elements.get('A1'));
  const a2Keys = soughtAreaKeys(civic.elements.get('A2'));
  const a3Keys = soughtAreaKeys(civic.elements.get('A3'));
  const preferences = columns.services.map((service) => services.indexOf(serviceUrn(service)) + 1);
  const country = countryKey === undefined ? undefined : Buffer.from(countryKey, 'utf8');
  const a1 = a1Key === undefined ? undefined : Buffer.from(a1Key, 'utf8');
  const none = Buffer.alloc(0);
  const fitting: Fitting[] = [];
  for (let row = 0; row < columns.rowCount; row += 1) {
    const preference = preferences[columns.serviceNo(row)] ?? 0;
    if (preference === 0 || !columns.isInForce(row, asOf)) continue;
    const isInA1 = a1 !== undefined && columns.isText(row, 'a1Key', a1);
    if (a1 !== undefined && !isInA1 && !columns.isText(row, 'a1Key', none)) continue;
    const isInCountry = country !== undefined && columns.isText(row, 'countryKey', country);
    if (country !== undefined && !isInCountry && !columns.isText(row, 'countryKey', none)) continue;
    const inA2 = agreement(a2Keys, () => columns.keys(row, 'a2Keys'));
    const inA3 = agreement(a3Keys, () => columns.keys(row, 'a3Keys'));
    if (inA2 === 'contradicts' || inA3 === 'contradicts') continue;
    const depth = inA3 === 'agrees' ? 3 : inA2 === 'agrees' ? 2 : isInA1 ? 1 : isInCountry ? 0 : -1;
    if (depth < 0) continue;
    const boundaryId = columns.text(row, 'boundaryId') ?? '';
    fitting.push({ row, preference, priority: columns.priority(row), boundaryId, depth });
  }
  return fitting;
}

/** A level that either side leaves out does not count. */
function agreement(
  sought: readonly string[] | undefined,
  storedKeys: () => readonly string[],
): 'agrees' | 'contradicts' | 'silent' {
  if (sought === undefined) return 'silent';
  const stored = storedKeys();
  if (stored.length === 0) return 'silent';
  return stored.some((key) => sought.includes(key)) ? 'agrees' : 'contradicts';
}

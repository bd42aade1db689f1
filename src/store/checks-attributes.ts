import type { LayerName } from '../esrp/index.ts';
import type { CheckContext } from './checks-context.ts';
import { nenaIdForm, readUrn, requiredServices, serviceGroup, uriFault } from './checks-services.ts';
import { type CheckedBoundary, type PolygonTable, placesOf } from './sql/check-boundary.ts';

// What is checked of attributes alone.

const longest = 120;

/** Attributes of service boundaries, one by one; those of a required field are told together. */
export async function checkBoundaryAttributes(
  context: CheckContext,
  boundaries: readonly CheckedBoundary[],
): Promise<void> {
  const faulty: {
    readonly no: number;
    readonly code: Parameters<CheckContext['add']>[0]['code'];
    readonly reason: string;
  }[] = [];
  for (const boundary of boundaries) {
    const group = serviceGroup(boundary.urn);
    const { no } = boundary;
    if (boundary.urn === '') faulty.push({ no, code: 'urnMissing', reason: 'ServiceURN is empty' });
    else {
      const urn = readUrn(boundary.urn);
      if (urn === undefined)
        faulty.push({ no, code: 'urnMalformed', reason: `${shown(boundary.urn)} is no service URN` });
      else if (!urn.isRegistered) {
        faulty.push({ no, code: 'urnUnregistered', reason: `${shown(boundary.urn)} is in no registry` });
      }
    }
    if (boundary.uri.trim() === '') faulty.push({ no, code: 'uriMissing', reason: 'ServiceURI is empty' });
    else {
      const fault = uriFault(boundary.uri, group);
      if (fault !== undefined)
        faulty.push({ no, code: 'uriMalformed', reason: `${shown(boundary.uri)}: ${fault}` });
    }
    if (boundary.number !== null && !/^[0-9*#]{1,15}$/.test(boundary.number)) {
      faulty.push({
        no,
        code: 'serviceNumberMalformed',
        reason: `${shown(boundary.number)} is no dial string`,
      });
    }
    if (boundary.card !== null && !isWebUri(boundary.card)) {
      faulty.push({
        no,
        code: 'cardUriMalformed',
        reason: `${shown(boundary.card)} is no http or https URI`,
      });
    }
    const dates = dateFault(boundary, context.asOf);
    if (dates !== undefined) faulty.push({ no, ...dates });
  }
  const places = await placesByNumber(context, 'service_boundary', [...new Set(faulty.map(({ no }) => no))]);
  const byNo = new Map(boundaries.map((each) => [each.no, each]));
  for (const { no, code, reason } of faulty) {
    await context.add({
      code,
      layer: 'serviceBoundary',
      featureId: byNo.get(no)?.id,
      reason,
      place: places.get(no),
    });
  }
  await checkFields(context, boundaries);
  await checkIds(context, 'serviceBoundary', boundaries);
  await checkDuplicateGeometry(context, boundaries);
}

/** Dates of features of another layer, in order or not. */
export async function checkAreaDates(
  context: CheckContext,
  table: PolygonTable,
  areas: readonly {
    readonly no: number;
    readonly id: string;
    readonly effective: number | null;
    readonly expire: number | null;
  }[],
): Promise<void> {
  const layer = table === 'provisioning_boundary' ? 'provisioningBoundary' : 'adminArea';
  for (const area of areas) {
    const fault = dateFault(area, context.asOf);
    if (fault === undefined) continue;
    const places = await placesByNumber(context, table, [area.no]);
    await context.add({ ...fault, layer, featureId: area.id, place: places.get(area.no) });
  }
  await checkIds(context, layer, areas);
}

async function placesByNumber(
  context: CheckContext,
  table: PolygonTable,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const places = new Map<number, string>();
  for (let at = 0; at < numbers.length; at += 100) {
    const statement = placesOf(table, context.datasetId, numbers.slice(at, at + 100));
    const found = await context.ask<readonly { readonly no: number; readonly place: string }[]>(statement);
    for (const { no, place } of found) places.set(no, place);
  }
  return places;
}

/** What is wrong with the dates of a feature. */
export function dateFault(
  { effective, expire }: { readonly effective: number | null; readonly expire: number | null },
  asOf: number,
): { readonly code: 'dateOrder' | 'expired'; readonly reason: string } | undefined {
  if (expire === null) return undefined;
  const end = new Date(expire).toISOString();
  if (effective !== null && effective >= expire) {
    return {
      code: 'dateOrder',
      reason: `Effective ${new Date(effective).toISOString()} is not before Expire ${end}`,
    };
  }
  return expire <= asOf ? { code: 'expired', reason: `Expire ${end} is past` } : undefined;
}

const requiredFields: readonly (readonly [string, (boundary: CheckedBoundary) => unknown])[] = [
  ['DiscrpAgID', ({ discrepancyAgency }) => discrepancyAgency],
  ['DateUpdate', ({ updated }) => updated],
  ['Agency_ID', ({ agency }) => agency],
  ['AVcard_URI', ({ card }) => card],
  ['DsplayName', ({ name }) => (name === '' ? null : name)],
];

async function checkFields(context: CheckContext, boundaries: readonly CheckedBoundary[]): Promise<void> {
  for (const [field, fieldOf] of requiredFields) {
    const without = boundaries.filter((boundary) => fieldOf(boundary) === null);
    if (without.length === 0) continue;
    const reason = `${without.length} of ${boundaries.length} boundaries have no ${field}`;
    await context.add({ code: 'fieldMissing', layer: 'serviceBoundary', featureId: without[0]?.id, reason });
  }
}

async function checkIds(
  context: CheckContext,
  layer: LayerName,
  features: readonly { readonly id: string }[],
): Promise<void> {
  const foreign = features.filter(({ id }) => !nenaIdForm.test(id));
  if (foreign.length > 0) {
    const reason = `${foreign.length} of ${features.length} ids are not of NENA's form`;
    await context.add({ code: 'idForm', layer, featureId: foreign[0]?.id, reason });
  }
  const byKey = new Map<string, string>();
  for (const { id } of features) {
    const key = id.trim().toLowerCase();
    const first = byKey.get(key);
    if (first === undefined) byKey.set(key, id);
    else {
      const reason = `${shown(first)} is the same id but for letter case or white space`;
      await context.add({ code: 'duplicateId', layer, featureId: id, otherId: first, reason });
    }
  }
}

async function checkDuplicateGeometry(
  context: CheckContext,
  boundaries: readonly CheckedBoundary[],
): Promise<void> {
  const first = new Map<string, CheckedBoundary>();
  for (const boundary of boundaries) {
    const key = `${boundary.urn} ${boundary.hash}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, boundary);
    else {
      const places = await placesByNumber(context, 'service_boundary', [boundary.no]);
      await context.add({
        code: 'duplicateGeometry',
        layer: 'serviceBoundary',
        featureId: boundary.id,
        otherId: before.id,
        reason: `${shown(before.id)} has the same geometry for the same service`,
        place: places.get(boundary.no),
      });
    }
  }
}

/** Layers and services that NENA requires and the dataset does not have. */
export async function checkLayers(
  context: CheckContext,
  layerCounts: Readonly<Partial<Record<LayerName, number>>>,
  boundaries: readonly CheckedBoundary[],
): Promise<void> {
  const inForce = boundaries.filter(({ effective, expire }) =>
    isInForce({ effective, expire }, context.asOf),
  );
  const groups = new Set(inForce.map(({ urn }) => serviceGroup(urn)));
  for (const { layer, groups: names } of requiredServices) {
    if (names.some((name) => groups.has(name))) continue;
    if (layer === 'PsapPolygon') {
      const reason = 'no boundary of urn:service:sos or urn:emergency:service:sos.psap is in force';
      await context.add({ code: 'noPsapBoundary', layer: 'serviceBoundary', reason });
    } else {
      await context.add({
        code: 'layerMissing',
        layer: 'serviceBoundary',
        reason: `there are no boundaries of ${layer}`,
      });
    }
  }
  const layers = [
    ['provisioningBoundary', 'ProvisioningPolygon'],
    ['roadCentreLine', 'RoadCenterLine'],
    ['addressPoint', 'SiteStructureAddressPoint'],
  ] as const;
  for (const [layer, name] of layers) {
    if ((layerCounts[layer] ?? 0) > 0) continue;
    await context.add({ code: 'layerMissing', layer, reason: `${name} is not in the dataset` });
  }
}

/** Whether a feature is in force at a moment (epoch milliseconds). */
export function isInForce(
  { effective, expire }: { readonly effective: number | null; readonly expire: number | null },
  asOf: number,
): boolean {
  return (effective === null || effective <= asOf) && (expire === null || expire > asOf);
}

function isWebUri(text: string): boolean {
  return /^https?:\/\/[^\s/]+/i.test(text) && URL.canParse(text);
}

/** A value of the data in a sentence. */
export function shown(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ');
  return `"${clean.length > longest ? `${clean.slice(0, longest)}…` : clean}"`;
}

import type { LayerName } from '../esrp/index.ts';

/** The layers of NENA's GIS data model that are loaded (NENA-STA-006.3 §5), by their names in its version 3. */
export type NenaLayer =
  | 'PsapPolygon'
  | 'PolicePolygon'
  | 'FirePolygon'
  | 'EmsPolygon'
  | 'ServiceBoundaryPolygon'
  | 'ProvisioningPolygon'
  | 'A1Polygon'
  | 'A2Polygon'
  | 'A3Polygon'
  | 'A4Polygon'
  | 'A5Polygon'
  | 'RoadCenterLine'
  | 'SiteStructureAddressPoint';

/** What a layer of the data model is here. */
export interface LayerKind {
  readonly nena: NenaLayer;
  readonly layer: LayerName;
  /** Of an administrative area. */
  readonly level?: 1 | 2 | 3 | 4 | 5;
  /** The service of its features that name none (default of ServiceURN in the data model). */
  readonly serviceUrn?: string;
}

/** Every layer that is loaded. */
export const layerKinds: Readonly<Record<NenaLayer, LayerKind>> = {
  PsapPolygon: {
    nena: 'PsapPolygon',
    layer: 'serviceBoundary',
    serviceUrn: 'urn:emergency:service:sos.psap',
  },
  PolicePolygon: {
    nena: 'PolicePolygon',
    layer: 'serviceBoundary',
    serviceUrn: 'urn:emergency:service:responder.police',
  },
  FirePolygon: {
    nena: 'FirePolygon',
    layer: 'serviceBoundary',
    serviceUrn: 'urn:emergency:service:responder.fire',
  },
  EmsPolygon: {
    nena: 'EmsPolygon',
    layer: 'serviceBoundary',
    serviceUrn: 'urn:emergency:service:responder.ems',
  },
  ServiceBoundaryPolygon: { nena: 'ServiceBoundaryPolygon', layer: 'serviceBoundary' },
  ProvisioningPolygon: { nena: 'ProvisioningPolygon', layer: 'provisioningBoundary' },
  A1Polygon: { nena: 'A1Polygon', layer: 'adminArea', level: 1 },
  A2Polygon: { nena: 'A2Polygon', layer: 'adminArea', level: 2 },
  A3Polygon: { nena: 'A3Polygon', layer: 'adminArea', level: 3 },
  A4Polygon: { nena: 'A4Polygon', layer: 'adminArea', level: 4 },
  A5Polygon: { nena: 'A5Polygon', layer: 'adminArea', level: 5 },
  RoadCenterLine: { nena: 'RoadCenterLine', layer: 'roadCentreLine' },
  SiteStructureAddressPoint: { nena: 'SiteStructureAddressPoint', layer: 'addressPoint' },
};

/** Layers of the data model that nothing here uses: they are passed over. */
const unused = [
  'sitestructureaddresspolygon',
  'railroadcenterline',
  'hydrologyline',
  'hydrologypolygon',
  'distancemarkerpoint',
  'locationmarkerpoint',
  'cellsectorlocation',
  'cellsectorpoint',
  'milemarkerlocation',
];

/** Other names of layers, as keys: version 2 of the data model, our own, and common ways to write them. */
const otherNames: Readonly<Record<string, NenaLayer>> = {
  psapboundary: 'PsapPolygon',
  lawenforcementboundary: 'PolicePolygon',
  lawboundary: 'PolicePolygon',
  policeboundary: 'PolicePolygon',
  fireboundary: 'FirePolygon',
  emsboundary: 'EmsPolygon',
  emergencymedicalservicesboundary: 'EmsPolygon',
  emergencyserviceboundary: 'ServiceBoundaryPolygon',
  serviceboundary: 'ServiceBoundaryPolygon',
  provisioningboundary: 'ProvisioningPolygon',
  authoritativeboundary: 'ProvisioningPolygon',
  stateboundary: 'A1Polygon',
  stateorequivalent: 'A1Polygon',
  countyboundary: 'A2Polygon',
  countyorequivalent: 'A2Polygon',
  incorporatedmunicipalityboundary: 'A3Polygon',
  incorporatedmunicipality: 'A3Polygon',
  municipalboundary: 'A3Polygon',
  unincorporatedcommunityboundary: 'A4Polygon',
  unincorporatedcommunity: 'A4Polygon',
  neighborhoodcommunityboundary: 'A5Polygon',
  neighborhoodcommunity: 'A5Polygon',
  roadcentreline: 'RoadCenterLine',
  roadcenterline: 'RoadCenterLine',
  addresspoint: 'SiteStructureAddressPoint',
  sitestructureaddresspoint: 'SiteStructureAddressPoint',
};

const byKey: ReadonlyMap<string, NenaLayer> = new Map([
  ...Object.keys(layerKinds).map((name) => [keyOf(name), name as NenaLayer] as const),
  ...Object.entries(otherNames),
]);

/** Which layer a source layer is by its name; `unused` where it is one that nothing here needs. */
export function layerByName(name: string | undefined): LayerKind | 'unused' | undefined {
  if (name === undefined) return undefined;
  const key = keyOf(name);
  const nena = byKey.get(key);
  if (nena !== undefined) return layerKinds[nena];
  return unused.includes(key) ? 'unused' : undefined;
}

/**
 * A layer that somebody names outright: NENA's names, those of its version 2, or our own. `adminArea` is none of them, since
 * its level has to be said: A1Polygon to A5Polygon.
 */
export function layerByWord(word: string): LayerKind | undefined {
  const kind = layerByName(word);
  return kind === 'unused' ? undefined : kind;
}

// Data sets are written as files in every case, with spaces or underscores, in the plural, behind a schema's or a folder's
// name, and by version 2 with "Boundaries" for "Boundary".
function keyOf(name: string): string {
  const last = name.split(/[./\\:]/).at(-1) ?? name;
  return last
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/^(?:ng911|ng9|nena)/, '')
    .replace(/ies$/, 'y')
    .replace(/s$/, '');
}

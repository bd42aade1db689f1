import type { DatasetId, ServiceUrn, WallMs } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';

// The layers of GIS data that a dataset has beside its service boundaries, by the names of NENA's GIS data model
// (NENA-STA-006.3), and what is said of a civic address by them.

/** The layers that a dataset may have. */
export type LayerName =
  | 'serviceBoundary'
  | 'provisioningBoundary'
  | 'adminArea'
  | 'roadCentreLine'
  | 'addressPoint';

/**
 * The coordinate reference system of a source: a number of the EPSG registry, or a definition of its own (WKT or PROJ).
 * Coordinates are east before north then, in units of the system.
 */
export type SourceCrs =
  | { readonly kind: 'epsg'; readonly code: number }
  | { readonly kind: 'definition'; readonly text: string };

/** What the features of all layers have. */
export interface GisFeature {
  /** Ordinal in the source, from 1, to name it in reports. */
  readonly ordinal: number;
  /** The NENA globally unique id (NGUID). */
  readonly featureId: string;
  readonly discrepancyAgencyId: string | undefined;
  readonly dateUpdate: WallMs | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
  /** Undefined: longitude and latitude, EPSG:4326. */
  readonly crs: SourceCrs | undefined;
}

/** Rings of a polygon layer: east before north, by polygon, ring and corner. */
export type PolygonCoordinates = readonly (readonly (readonly (readonly [number, number])[])[])[];

/** Where an agency may provision data (ProvisioningPolygon). */
export interface ProvisioningFeature extends GisFeature {
  readonly coordinates: PolygonCoordinates;
}

/** A country's area of a level (A1Polygon to A5Polygon). */
export interface AdminAreaFeature extends GisFeature {
  readonly level: 1 | 2 | 3 | 4 | 5;
  /** Country and the names of A1 down to its own level. */
  readonly civic: CivicAddress;
  readonly coordinates: PolygonCoordinates;
}

/** Which house numbers are on a side of a road; `none` has no addresses. */
export type RoadParity = 'odd' | 'even' | 'both' | 'none';

/** One side of a road segment. */
export interface RoadSide {
  /** House numbers in the direction of the line; `from` may be greater than `to`. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly parity: RoadParity;
  readonly numberPrefix: string | undefined;
  /** Country, A1 to A5, PCN and PC of the side, without the street. */
  readonly civic: CivicAddress;
  /** Whether addresses may be validated against it (Valid_L, Valid_R). */
  readonly isForValidation: boolean;
}

/** A road segment between two crossings (RoadCenterLine). */
export interface RoadFeature extends GisFeature {
  /** The street's name by PIDF-LO elements: PRM PRD STP STPS RD STS POD POM. */
  readonly street: ReadonlyMap<string, string>;
  readonly left: RoadSide;
  readonly right: RoadSide;
  /** One or more lines: east before north, by line and vertex. */
  readonly lines: readonly (readonly (readonly [number, number])[])[];
}

/** A place with an address (SiteStructureAddressPoint). */
export interface AddressPointFeature extends GisFeature {
  /** The whole address by PIDF-LO elements, those below the building too. */
  readonly civic: CivicAddress;
  /** East before north. */
  readonly coordinates: readonly [number, number];
}

/** What of the data a civic address was found by, from the finest down. */
export type CivicLayer = 'addressPoint' | 'roadRange' | 'street' | 'area';

/** How a civic address was resolved for routing. */
export interface CivicResolution {
  readonly layer: CivicLayer;
  /** The row that matched; of areas the finest. */
  readonly featureId: string | undefined;
  /** Undefined where only areas matched. */
  readonly position: Position | undefined;
  /** 1 where every element agreed after normalisation; below, how alike the tolerated ones are. */
  readonly score: number;
  /** What was tried and what came of it, in order; names elements, never values. */
  readonly steps: readonly string[];
}

/** What a location validation says of an address (RFC 5222 §8.4.2): names of elements, `country` among them. */
export interface CivicValidation {
  readonly datasetId: DatasetId;
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
  readonly unchecked: readonly string[];
  /** The row that the valid elements are of, where there is exactly one. */
  readonly layer: CivicLayer | undefined;
  readonly featureId: string | undefined;
  readonly position: Position | undefined;
  /** Complete addresses that are like an invalid one, the most alike first. */
  readonly similar: readonly CivicAddress[];
  /** When the rows that were used change next, by their dates. */
  readonly changesAt: WallMs | undefined;
}

/** What a validation is told. */
export interface ValidationScope {
  readonly asOf: WallMs;
  /** From the call to the answer; rejects with `store.deadlineMissed` after it. */
  readonly deadlineMs: number;
  /** How many similar addresses are looked for at most; 0 looks for none. */
  readonly similarMax: number;
  /** The active dataset where undefined. */
  readonly datasetId?: DatasetId | undefined;
}

/** The location validation function (LVF): exact, never tolerant. Undefined where no dataset is active. */
export interface CivicValidator {
  validate(civic: CivicAddress, scope: ValidationScope): Promise<CivicValidation | undefined>;
}

/** How much a finding of a check weighs: an `error` keeps a dataset from being activated. */
export type FindingSeverity = 'error' | 'warning' | 'info';

/** Something that a check found in a dataset. */
export interface Finding {
  /** From 1 in its report, in order of severity, code, layer and id. */
  readonly no: number;
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly layer: LayerName;
  readonly featureId: string | undefined;
  /** The other feature of an overlap or a duplicate. */
  readonly otherId: string | undefined;
  /** What is wrong and what to do. */
  readonly reason: string;
  /** Of a gap or an overlap. */
  readonly areaM2: number | undefined;
  /** Where, as a GeoJSON geometry in EPSG:4326. */
  readonly place: unknown;
}

/** What a check found in all. */
export interface CheckReport {
  readonly datasetId: DatasetId;
  readonly state: 'running' | 'finished' | 'failed';
  readonly startedAt: WallMs;
  readonly finishedAt: WallMs | undefined;
  /** Gaps and overlaps below it are counted alone. */
  readonly minAreaM2: number;
  /** The change of the dataset that was checked. */
  readonly revision: number;
  /** The step that is under way, or the reason of a failure. */
  readonly detail: string;
  /** How much of the check is done, 0 to 1. */
  readonly progress: number;
  readonly counts: Readonly<Record<FindingSeverity, number>>;
  readonly countsByCode: Readonly<Record<string, number>>;
}

/** How a source of GIS data is to be read. */
export interface GisReading {
  /** The service of boundaries that name none. */
  readonly defaultServiceUrn: ServiceUrn | undefined;
  /** The file's name; layers are told by it where nothing else says them. */
  readonly fileName?: string | undefined;
  /** The layer of what says none: `PsapPolygon`, `A2Polygon`, `RoadCenterLine` ... */
  readonly layer?: string | undefined;
  /** In place of what the source says of its coordinate reference system: `EPSG:2278`, WKT or PROJ. */
  readonly crs?: string | undefined;
  /** The JSON of a mapping file (schemas/gis-mapping.schema.json). */
  readonly mapping?: unknown;
}

/** Something that is wrong with how a source is to be read. */
export interface GisReadingFault {
  readonly option: 'layer' | 'crs' | 'mapping';
  /** Of a mapping, such as `layers[0].fields.Parity_L`. */
  readonly path: string;
  readonly message: string;
}

/** A field of a layer and where its values come from: the first of the source's fields that has one, or a constant. */
export interface GisPreviewField {
  readonly field: string;
  readonly from: readonly string[];
  readonly value?: string | undefined;
}

/** One layer of a source and its first rows as they would load. */
export interface GisPreviewLayer {
  /** The file, and the layer in it where it has several. */
  readonly source: string | undefined;
  /** By NENA's name, and by ours; undefined where it was not told. */
  readonly nenaLayer: string | undefined;
  readonly layer: LayerName | undefined;
  readonly toldBy: 'mapping' | 'name' | 'option' | 'fields' | 'default' | undefined;
  /** Why the layer is passed over, where it is. */
  readonly ignored: string | undefined;
  /** `EPSG:4326`, or a definition; undefined where it is not said. */
  readonly crs: string | undefined;
  readonly fields: readonly GisPreviewField[];
  /** Fields of the source that nothing is made of and the data model does not know. */
  readonly unmapped: readonly string[];
  /** How many rows were read, and whether these were all. */
  readonly rowCount: number;
  readonly isWhole: boolean;
}

import type { XmlElement } from '../xml/index.ts';
import type { LostCallIds, LostLocation, LostMapping, LostMappingId, LostMoment, LostVia } from './types.ts';

/** Whether a region is wanted as it is or as a key to fetch it by (RFC 5222 §8.3.4). */
export type BoundaryForm = 'value' | 'reference';

/** Which further addresses a validation shall give (extension `lost-rli1`); what is not known is taken as `any`. */
export type AdditionalLocation = 'none' | 'similar' | 'complete' | 'any';

/** Asks who serves a place (RFC 5222 §8). */
export interface FindService {
  readonly kind: 'findService';
  /** At least one, in order of preference. */
  readonly locations: readonly LostLocation[];
  /** URN as written. */
  readonly service: string;
  readonly isRecursive: boolean;
  readonly validatesLocation: boolean;
  /** Undefined where the client said nothing: the schema's default is `reference`. */
  readonly serviceBoundary?: BoundaryForm | undefined;
  readonly path: readonly LostVia[];
  readonly callIds?: LostCallIds | undefined;
  /** The moment that the answer shall hold for (extension `lostPlannedChange1`). */
  readonly asOf?: LostMoment | undefined;
  readonly additionalLocation?: AdditionalLocation | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Asks for a region by its key (RFC 5222 §9). */
export interface GetServiceBoundary {
  readonly kind: 'getServiceBoundary';
  readonly key: string;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Asks what services a server knows of (RFC 5222 §10). */
export interface ListServices {
  readonly kind: 'listServices';
  /** The service whose children are asked for; undefined: top-level services. */
  readonly service: string | undefined;
  readonly path: readonly LostVia[];
  readonly callIds?: LostCallIds | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Asks what services there are at a place (RFC 5222 §11). */
export interface ListServicesByLocation {
  readonly kind: 'listServicesByLocation';
  readonly locations: readonly LostLocation[];
  readonly service: string | undefined;
  /** The schema's default for this request is true (RFC 5222 §15), the text's is false (§8.3.3): undefined where nothing is said. */
  readonly isRecursive: boolean | undefined;
  readonly path: readonly LostVia[];
  /** Whether and how the region of the list is wanted (RFC 6197 §3.1). */
  readonly serviceListBoundary?: BoundaryForm | undefined;
  readonly callIds?: LostCallIds | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Asks for the region of a list of services by its key (RFC 6197 §3.2). */
export interface GetServiceListBoundary {
  readonly kind: 'getServiceListBoundary';
  readonly key: string;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Asks a peer for its mappings (RFC 6739 §4). */
export interface GetMappings {
  readonly kind: 'getMappings';
  /** What the asker has; empty asks for all. */
  readonly exists: readonly LostMappingId[];
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Gives a peer mappings (RFC 6739 §5). */
export interface PushMappings {
  readonly kind: 'pushMappings';
  readonly changes: readonly MappingChange[];
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** A mapping to add or to put in place of an older one, or one to delete (a `<mapping>` without content, RFC 6739 §5.1). */
export type MappingChange =
  | { readonly kind: 'put'; readonly mapping: LostMapping }
  | ({ readonly kind: 'delete' } & LostMappingId);

/** Any request of LoST, its service list boundaries and its synchronisation. */
export type LostRequest =
  | FindService
  | GetServiceBoundary
  | ListServices
  | ListServicesByLocation
  | GetServiceListBoundary
  | GetMappings
  | PushMappings;

import type { CivicAddress } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import type { MappingChange } from './requests.ts';
import type {
  LostBoundary,
  LostBoundaryReference,
  LostCallIds,
  LostExceptions,
  LostExpiry,
  LostMapping,
  LostMoment,
  LostVia,
} from './types.ts';

/** What answers have in common. */
interface CommonAnswer {
  /** A container for each server that warned. */
  readonly warnings: readonly LostExceptions[];
  readonly path: readonly LostVia[];
  readonly extensions?: readonly XmlElement[] | undefined;
}

/**
 * What became of the elements of a civic address (RFC 5222 §8.4.2): names as in `CivicAddress`, `country` among them. They
 * are written with the prefix of their namespace, as NENA-STA-010.3 has it, and read with any or none.
 */
export interface LocationValidation {
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
  readonly unchecked: readonly string[];
  /** When the address is to be validated again (extension `lostPlannedChange1`). */
  readonly revalidateAfter?: LostExpiry | undefined;
  /** The valid address with what was missing in it (extension `lost-rli1`). */
  readonly completeLocation?: CivicAddress | undefined;
  /** Valid addresses that are like the invalid one, the most alike first (extension `lost-rli1`). */
  readonly similarLocations?: readonly CivicAddress[] | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Who serves the place (RFC 5222 §8.4). */
export interface FindServiceResponse extends CommonAnswer {
  readonly kind: 'findServiceResponse';
  /** At least one. */
  readonly mappings: readonly LostMapping[];
  readonly locationValidation?: LocationValidation | undefined;
  /** Id of the location that was used. */
  readonly locationUsed: string | undefined;
  /** The moment that the answer holds for, where the request named one (extension `lostPlannedChange1`). */
  readonly asOf?: LostMoment | undefined;
  readonly callIds?: LostCallIds | undefined;
}

/** A region (RFC 5222 §9). */
export interface GetServiceBoundaryResponse extends CommonAnswer {
  readonly kind: 'getServiceBoundaryResponse';
  readonly boundaries: readonly LostBoundary[];
}

/** What a server knows of (RFC 5222 §10). */
export interface ListServicesResponse extends CommonAnswer {
  readonly kind: 'listServicesResponse';
  readonly services: readonly string[];
}

/** The region in which a list of services stays the same (RFC 6197 §3.3). */
export interface ServiceListBoundary {
  readonly boundary: LostBoundary;
  readonly expires: LostExpiry;
}

/** What services there are at the place (RFC 5222 §11, RFC 6197 §3.1). */
export interface ListServicesByLocationResponse extends CommonAnswer {
  readonly kind: 'listServicesByLocationResponse';
  readonly services: readonly string[];
  readonly locationUsed: string | undefined;
  readonly serviceListBoundaries?: readonly ServiceListBoundary[] | undefined;
  /** Not beside `serviceListBoundaries`. */
  readonly serviceListBoundaryReference?: LostBoundaryReference | undefined;
}

/** The region of a list of services (RFC 6197 §3.2). */
export interface GetServiceListBoundaryResponse extends CommonAnswer {
  readonly kind: 'getServiceListBoundaryResponse';
  readonly serviceListBoundaries: readonly ServiceListBoundary[];
}

/** Mappings that the asker lacks (RFC 6739 §4.2). */
export interface GetMappingsResponse {
  readonly kind: 'getMappingsResponse';
  /** The schema wants one at least; where there is nothing to give, the element is empty all the same. */
  readonly changes: readonly MappingChange[];
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Mappings were taken (RFC 6739 §5.2). */
export interface PushMappingsResponse {
  readonly kind: 'pushMappingsResponse';
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** No answer (RFC 5222 §13.1). */
export interface LostErrors extends LostExceptions {
  readonly kind: 'errors';
  /** Deletions of a push whose mappings are not known (RFC 6739 §5.2). */
  readonly notDeleted?: { readonly message: string; readonly mappings: readonly MappingChange[] } | undefined;
}

/** Another server is to be asked (RFC 5222 §13.3). */
export interface LostRedirect {
  readonly kind: 'redirect';
  /** Application unique string of the server to ask. */
  readonly target: string;
  readonly source: string;
  readonly message: string;
  readonly language?: string | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Any answer of LoST, its service list boundaries and its synchronisation. */
export type LostAnswer =
  | FindServiceResponse
  | GetServiceBoundaryResponse
  | ListServicesResponse
  | ListServicesByLocationResponse
  | GetServiceListBoundaryResponse
  | GetMappingsResponse
  | PushMappingsResponse
  | LostErrors
  | LostRedirect;

import type { BoundaryId, CallRecordId, CodedError, DatasetId, ServiceUrn, WallMs } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import type {
  AdditionalDataItem,
  CivicAddress,
  CollectedCandidate,
  LocationValue,
} from '../location/index.ts';
import type { CivicResolution } from './gis.ts';

/** Which rule of recognition made a request an emergency request, in the order in which they are tried. */
export type RecognitionRule =
  | 'serviceUrnInRequestUri'
  | 'serviceUrnInSipUri'
  | 'serviceUrnInRoute'
  | 'sosUser'
  | 'dialString'
  | 'acceptContactService';

/** What the first stage says of a request. */
export type Recognition =
  | {
      readonly kind: 'emergency';
      readonly service: ServiceUrn;
      readonly isTest: boolean;
      readonly rule: RecognitionRule;
      /** The text that matched, as received. */
      readonly matched: string;
      /** The Request-URI to forward: kept where it was a service URN, else the service URN (RFC 6881 SP-33). */
      readonly requestUri: string;
      readonly isRequestUriReplaced: boolean;
    }
  | { readonly kind: 'other' };

/** One thing that could have been the caller's location, and what became of it. */
export type LocationCandidate = CollectedCandidate;

/** What the second stage found. `location` undefined means that routing goes by default. */
export interface Located {
  readonly location: LocationValue | undefined;
  /** Further usable locations in order of preference, for where no boundary serves the first. */
  readonly alternatives: readonly LocationValue[];
  readonly candidates: readonly LocationCandidate[];
  readonly warnings: readonly CodedError[];
  /** What else the call brings (RFC 7852, RFC 8147, RFC 8148, RFC 8876), in order of appearance. */
  readonly additionalData: readonly AdditionalDataItem[];
}

/** A location that came after the call's first one. */
export interface LocationUpdate {
  readonly at: WallMs;
  /** The method of the request that brought it: UPDATE, INVITE, INFO, NOTIFY ... */
  readonly method: string;
  readonly located: Located;
  /** Which boundary serves the new place; undefined where it was not asked. */
  readonly mapping: Mapping | undefined;
  readonly outcome: /** Put on the record and told; the call stays where it is. */
    | 'recorded'
    /** The call was ringing elsewhere and was sent to the new place's answering point. */
    | 'rerouted';
}

/** A stored service boundary as an answer names it. `serviceUri` is the PSAP's SIP URI. */
export interface BoundaryMatch {
  readonly boundaryId: BoundaryId;
  /** Undefined: of another LoST server. */
  readonly datasetId: DatasetId | undefined;
  readonly displayName: string;
  readonly serviceUrn: ServiceUrn;
  readonly serviceUri: string;
  readonly serviceNumber: string | undefined;
  readonly agencyId: string | undefined;
  /** Tie-break between boundaries that cover one point: highest first, then smallest boundary id. */
  readonly priority: number;
  /** How much of the caller's area it covers, above 0 to 1, where an area was asked for. */
  readonly share?: number;
}

/** How a boundary came to serve a location. */
export type MappingRule =
  | 'covers'
  | 'withinOneMetre'
  | 'overlap'
  | 'nearest'
  | 'addressPoint'
  | 'roadRange'
  | 'street'
  | 'areaName';

/** Who answered a lookup, where not the database; `why` it was asked. */
export type AnsweredBy =
  | {
      readonly name: 'memory';
      readonly why: 'configured' | 'databaseLate' | 'databaseFailed' | 'databaseAway';
    }
  /** Another LoST server, by its name: before our own boundaries, or because none of them serves the place. */
  | { readonly name: 'lost'; readonly why: 'instead' | 'unserved'; readonly server: string };

/** Why no boundary serves a location. */
export type UnmappedReason =
  | 'noLocation'
  | 'outsideAllBoundaries'
  | 'serviceAbsent'
  | 'civicUnknown'
  | 'civicAmbiguous'
  | 'noActiveDataset'
  | 'deadlineMissed'
  | 'lookupFailed'
  | 'stageFailed';

/** What the third stage says: the boundary that serves the location, or why none does. */
export type Mapping =
  | {
      readonly kind: 'mapped';
      readonly rule: MappingRule;
      readonly boundary: BoundaryMatch;
      /** Other boundaries that fit, in tie-break order. */
      readonly others: readonly BoundaryMatch[];
      /** The service whose boundary answered, where the one asked for has none (RFC 5222 §8.4.2, serviceSubstitution). */
      readonly substitutedFrom: ServiceUrn | undefined;
      readonly detail: string;
      /** The standby index or another server, where it answered in place of the database. */
      /** How a civic address came to its place, or to several. */
      readonly civic?: CivicResolution;
      readonly answeredBy?: AnsweredBy;
    }
  | {
      readonly kind: 'unmapped';
      readonly reason: UnmappedReason;
      readonly detail: string;
      readonly others: readonly BoundaryMatch[];
      /** How a civic address came to its place, or to several. */
      readonly civic?: CivicResolution;
      readonly answeredBy?: AnsweredBy;
    };

/** Why a target stands in a plan. */
export type TargetReason = 'mapped' | 'default';

/** One place to send the call to. */
export interface PlanTarget {
  /** SIP URI of the PSAP or queue; becomes the top Route with `;lr`. */
  readonly uri: string;
  readonly reason: TargetReason;
  readonly displayName: string;
  readonly boundaryId: BoundaryId | undefined;
  /** How long this target may ring before the next is tried. */
  readonly ringTimeoutMs: number;
}

/** The fourth stage's answer: never empty, its last target a default route. */
export interface Plan {
  readonly targets: readonly [PlanTarget, ...PlanTarget[]];
  readonly trace: readonly string[];
}

/** The five stages, in order. */
export type StageName = 'recognise' | 'locate' | 'map' | 'decide' | 'forward';

/** How long a stage took and what it said, for the record. */
export interface StageTrace {
  readonly stage: StageName;
  readonly durationMs: number;
  readonly summary: string;
  readonly error?: string;
}

/** One attempt to reach a target. */
export interface CallAttempt {
  readonly target: string;
  readonly nextHop: string | undefined;
  readonly startedAt: WallMs;
  readonly endedAt: WallMs | undefined;
  /** Final status, or undefined while open; 408 where the target stayed silent. */
  readonly statusCode: number | undefined;
  readonly detail: string | undefined;
}

/** The state of a call as its record shows it. */
export type CallState =
  | 'routing'
  | 'proceeding'
  | 'answered'
  | 'redirected'
  | 'failed'
  | 'cancelled'
  | 'ended';

/** Everything that is known of one emergency call. */
export interface CallRecord {
  readonly id: CallRecordId;
  readonly receivedAt: WallMs;
  readonly state: CallState;
  readonly method: string;
  readonly sipCallId: string;
  readonly from: string;
  readonly to: string;
  readonly requestUri: string;
  readonly ingress: string;
  readonly emergencyCallId: string | undefined;
  readonly incidentId: string | undefined;
  readonly recognition: Recognition;
  readonly located: Located | undefined;
  /** Later locations, oldest first; the newest `locationUpdatesMax` are kept. */
  readonly locationUpdates: readonly LocationUpdate[];
  /**
   * Until when positions, addresses and references may stay on the record: by the documents' own rules and by the
   * configuration, whichever ends first. Undefined where there are none, or none any more.
   */
  readonly locationKeptUntil: WallMs | undefined;
  readonly mapping: Mapping | undefined;
  readonly plan: Plan | undefined;
  readonly stages: readonly StageTrace[];
  readonly attempts: readonly CallAttempt[];
  readonly warnings: readonly CodedError[];
  /** Final status sent to the caller, once there is one. */
  readonly statusCode: number | undefined;
  readonly answeredAt: WallMs | undefined;
  readonly endedAt: WallMs | undefined;
}

/** Where a route query says that the caller is. */
export type RouteLocation =
  | { readonly kind: 'point'; readonly position: Position }
  | { readonly kind: 'civic'; readonly civic: CivicAddress }
  /** A PIDF-LO document, read exactly as a call's body is. */
  | { readonly kind: 'document'; readonly bytes: Uint8Array };

/** A question of the route query: the same that a call asks. */
export interface RouteQuery {
  readonly service: ServiceUrn;
  readonly location: RouteLocation;
  /** The moment whose boundaries count (effective and expiry dates); now where undefined. */
  readonly asOf: WallMs | undefined;
}

/** Where a call with this location would go, and why. */
export interface RouteAnswer {
  readonly service: ServiceUrn;
  readonly located: Located;
  readonly mapping: Mapping;
  readonly plan: Plan;
  /** `locate`, `map` and `decide`, in order. */
  readonly stages: readonly StageTrace[];
  readonly totalMs: number;
}

/** Answers route queries through the stages that a call goes through. Never rejects. */
export interface RouteService {
  route(query: RouteQuery): Promise<RouteAnswer>;
}

import type { ServiceUrn } from '../base/index.ts';
import type { CoverageRegion } from './coverage.ts';

/** Another LoST server as the configuration or a synchronisation names it (RFC 5582). */
export interface OtherServer {
  /** Application unique string. */
  readonly name: string;
  /** `child`: asked for what lies in its coverage. `parent`: asked for what nothing here serves, such as a forest guide. */
  readonly role: 'child' | 'parent';
  /** With all services below them. */
  readonly services: readonly ServiceUrn[];
  /** Empty: everything. */
  readonly coverage: readonly CoverageRegion[];
}

/** Who asks. */
export interface LostClient {
  /** As the configuration names it; undefined where everybody is answered. */
  readonly name: string | undefined;
  /** The services that it is told of, with all below them; empty: every one. */
  readonly services: readonly ServiceUrn[];
  readonly mayReadMappings: boolean;
  /** Names whose mappings it may push; undefined: it may not push. */
  readonly pushes: readonly string[] | undefined;
}

/** Which of the two functions is asked: mapping (ECRF), or validation (LVF, RFC 8917). */
export type LostRole = 'ecrf' | 'lvf';

/** Where a call goes whose place no boundary serves, as LoST tells it. */
export interface DefaultService {
  readonly uri: string;
  readonly displayName: string;
}

export interface EcrfOptions {
  /** Application unique string of this server. */
  readonly name: string;
  /** How long an answer may be kept; 0: not at all. */
  readonly expiresMs: number;
  readonly mappingsMax: number;
  /** A larger boundary is given by reference. */
  readonly boundaryCornersMax: number;
  readonly similarMax: number;
  /** From a query to its answer. */
  readonly deadlineMs: number;
  readonly lookupsMax: number;
  /** Where locations are validated. */
  readonly validation: 'both' | 'lvf' | 'off';
  /** Whether others are asked on behalf of a client; it is redirected otherwise. */
  readonly recurses: boolean;
  readonly redirectsMax: number;
  readonly servers: readonly OtherServer[];
  /** By service, for what no boundary serves. */
  readonly defaults: ReadonlyMap<string, DefaultService>;
  readonly cache: CacheOptions;
}

/** What is kept of the answers of others. */
export interface CacheOptions {
  readonly entriesMax: number;
  /** Longest time that one is used without asking again. */
  readonly ageMaxMs: number;
  /** How long after its time one still answers where the other server does not. */
  readonly staleMaxMs: number;
}

import type { WallMs } from '../base/index.ts';
import type { Actor } from './ports.ts';

// Discrepancy reports (NENA-STA-010.3 §3.7): somebody tells the owner of data or of a service what is wrong with it, and
// hears what became of it. Types and documents by the i3 web service description, version 1.0.

/** A document of the service, members that nobody knows among them. */
export type DiscrepancyDocument = Readonly<Record<string, unknown>>;

/** The types of reports that concern what this server is: routing, mapping, policies, boundaries, and their interfaces. */
export const ownReportTypes: readonly string[] = [
  'BcfDiscrepancyReport',
  'EsrpDiscrepancyReport',
  'GisDiscrepancyReport',
  'LostDiscrepancyReport',
  'NetworkDiscrepancyReport',
  'OriginatingServiceDiscrepancyReport',
  'PermissionsDiscrepancyReport',
  'PolicyDiscrepancyReport',
  'PolicyStoreDiscrepancyReport',
  'SipDiscrepancyReport',
  'TestCallDiscrepancyReport',
];

/** All types of reports. */
export const reportTypes: readonly string[] = [
  ...ownReportTypes,
  'AdrDiscrepancyReport',
  'CallTakerDiscrepancyReport',
  'CallTransferDiscrepancyReport',
  'ImrDiscrepancyReport',
  'LisDiscrepancyReport',
  'LogSignatureCertificateDiscrepancyReport',
  'LoggingDiscrepancyReport',
  'McsDiscrepancyReport',
];

/** What a resolution may be. */
export const resolutions: readonly string[] = [
  'DiscrepancyCorrected',
  'NoDiscrepancy',
  'OtherResponse',
  'PolicyAdded',
  'PolicyUpdated',
  'NoSuchPolicy',
  'InsufficientCredentials',
  'EntryAdded',
  'PerPolicy',
  'CallTakerAdvised',
  'TransferCorrect',
  'BadCertificateChain',
  'DataCorrected',
  'RecordsCorrected',
  'PermissionsCorrected',
  'DeviceConfigError',
  'PolicyCorrected',
  'NoError',
  'ProblemCorrected',
  'InvalidRecord',
  'Gis',
  'Acknowledged',
];

/** `in`: others sent it to us. `out`: we send it to others. */
export type DiscrepancyDirection = 'in' | 'out';

/**
 * `queued`: to be sent. `sent`: the other side has it. `failed`: sending was given up. `open`: we have it and have not
 * answered. `resolved`: it was answered.
 */
export type DiscrepancyState = 'queued' | 'sent' | 'failed' | 'open' | 'resolved';

/** What tells reports apart: ids are the reporter's own. */
export interface DiscrepancyKey {
  readonly direction: DiscrepancyDirection;
  readonly reportingAgency: string;
  readonly reportId: string;
}

/** A report and what became of it. */
export interface DiscrepancyEntry extends DiscrepancyKey {
  readonly reportType: string;
  readonly problem: string | undefined;
  readonly severity: string;
  readonly submittedAt: WallMs;
  readonly receivedAt: WallMs;
  readonly state: DiscrepancyState;
  readonly report: DiscrepancyDocument;
  /** What was answered to it at once. */
  readonly response: DiscrepancyDocument | undefined;
  /** The newest status update. */
  readonly status: DiscrepancyDocument | undefined;
  readonly resolution: DiscrepancyDocument | undefined;
  readonly resolvedAt: WallMs | undefined;
  /** Where something is to be sent: the report itself (`out`), or its resolution (`in`). */
  readonly targetUri: string | undefined;
  readonly attempts: number;
  readonly nextAttemptAt: WallMs | undefined;
  readonly lastFailure: string | undefined;
}

/** What changes of a report. */
export type DiscrepancyChange = Partial<
  Pick<
    DiscrepancyEntry,
    | 'state'
    | 'response'
    | 'status'
    | 'resolution'
    | 'resolvedAt'
    | 'targetUri'
    | 'attempts'
    | 'nextAttemptAt'
    | 'lastFailure'
  >
>;

export interface DiscrepancyQuery {
  readonly limit: number;
  /** Reports received before this moment. */
  readonly before: WallMs | undefined;
  readonly direction: DiscrepancyDirection | undefined;
  readonly state: DiscrepancyState | undefined;
}

/** Keeps reports. */
export interface DiscrepancyStore {
  /** `exists`: one of that key is kept already, and is not changed. */
  addDiscrepancy(entry: DiscrepancyEntry, actor: Actor): Promise<'added' | 'exists'>;
  getDiscrepancy(key: DiscrepancyKey): Promise<DiscrepancyEntry | undefined>;
  /** The newest first. */
  listDiscrepancies(query: DiscrepancyQuery): Promise<readonly DiscrepancyEntry[]>;
  /** Undefined: there is none of that key. With an actor it is audited. */
  changeDiscrepancy(
    key: DiscrepancyKey,
    change: DiscrepancyChange,
    actor: Actor | undefined,
  ): Promise<DiscrepancyEntry | undefined>;
  /** Reports of which something is to be sent by that moment, taken for one attempt until `until`. */
  takeDue(at: WallMs, until: WallMs, limit: number): Promise<readonly DiscrepancyEntry[]>;
}

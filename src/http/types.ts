import type { TlsOptions } from 'node:tls';
import type { DatasetId, Result, WallMs } from '../base/index.ts';
import type {
  ApiKeyStore,
  AuditLog,
  BoundaryAdmin,
  BoundaryChanges,
  CallChanges,
  CallRecordStore,
  CivicValidation,
  DataErrorList,
  DatasetReview,
  DiscrepancyDocument,
  DiscrepancyRefusal,
  DiscrepancyService,
  DiscrepancyStore,
  GisReader,
  LocationTableAdmin,
  LocationTableName,
  Logger,
  RouteService,
  ShadowRunner,
  SourceTableRow,
} from '../esrp/index.ts';
import type { CivicAddress } from '../location/index.ts';
import type { HttpLimits } from './limits.ts';
import type { LocationReferences } from './location-references.ts';
import type { LostEndpoint } from './lost-endpoint.ts';

/** One thing that the server's health depends on. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** The server's health: `live` false asks for a restart, `ready` false asks that traffic goes elsewhere. */
export interface Health {
  readonly live: boolean;
  readonly ready: boolean;
  readonly checks: readonly HealthCheck[];
}

/** Reads a location table from CSV as it arrives. Every row that cannot be used comes out as refused; rejects only where `bytes` does. */
export type LocationTableReader = (
  bytes: AsyncIterable<Uint8Array>,
  table: LocationTableName,
) => AsyncIterable<SourceTableRow>;

/** The state of one next hop, by transport and address. */
export interface NextHopHealth {
  readonly transport: string;
  readonly address: string;
  readonly port: number;
  /** `down`: tried last. `refusing`: tried last for what is no emergency. */
  readonly state: 'up' | 'down' | 'refusing';
  /** How long that lasts unless a response comes before; ms. */
  readonly forMs: number;
  /** Times that it went down without a response between them. */
  readonly downs: number;
  /** Silences in a row. */
  readonly silences: number;
}

/** One of the server's own certificates. */
export interface CertificateInUse {
  readonly file: string;
  readonly subjectAltName: string | undefined;
  readonly validUntil: WallMs;
}

/** Where discrepancy reports are taken, answered and sent. */
export interface DiscrepancyDesk {
  readonly service: DiscrepancyService;
  readonly store: Pick<DiscrepancyStore, 'getDiscrepancy' | 'listDiscrepancies'>;
  /** Takes a document out of its signature, where it has one; refuses one whose signature does not hold. */
  readonly open: (document: DiscrepancyDocument) => Result<DiscrepancyDocument, DiscrepancyRefusal>;
}

/** What the operations ask of the world. */
export interface HttpPorts {
  readonly routes: RouteService;
  /** The location validation function; undefined: there is no such dataset, or none is active. */
  readonly validateCivic: (
    civic: CivicAddress,
    query: {
      /** Now where undefined. */
      readonly asOf: WallMs | undefined;
      /** The active one where undefined. */
      readonly datasetId: DatasetId | undefined;
      readonly similarMax: number;
    },
  ) => Promise<CivicValidation | undefined>;
  readonly boundaries: BoundaryAdmin;
  readonly changes: BoundaryChanges;
  readonly review: DatasetReview;
  readonly shadow: ShadowRunner;
  readonly dataErrors: DataErrorList;
  readonly discrepancies: DiscrepancyDesk;
  readonly calls: CallRecordStore;
  /** Tells of calls as they change. */
  readonly callChanges: CallChanges;
  readonly audit: AuditLog;
  readonly apiKeys: ApiKeyStore;
  readonly gis: GisReader;
  readonly locationTables: LocationTableAdmin;
  readonly readLocationTable: LocationTableReader;
  readonly health: () => Health;
  /** What calls found out about the addresses that they were sent to; empty where nothing is amiss. */
  readonly nextHops: () => readonly NextHopHealth[];
  /** The server's own certificates in use. */
  readonly certificates: () => readonly CertificateInUse[];
  /** Counts since the start, by metric name. */
  readonly counters?: () => Readonly<Record<string, number>>;
  /** Locations that are served by reference; undefined: none are. */
  readonly references?: LocationReferences | undefined;
  /** LoST; undefined: it is not served. */
  readonly lost?: LostEndpoint | undefined;
  readonly logger: Logger;
}

/** What a listener shows by TLS. */
export interface HttpCertificates {
  readonly options: TlsOptions;
  /** Calls back with other options where the files of the certificate changed. */
  onChanged(callback: (options: TlsOptions) => void): void;
}

/** An address to listen at; port 0 takes a free one. */
export interface HttpListen {
  readonly host: string;
  readonly port: number;
  /** HTTPS where given. */
  readonly tls?: HttpCertificates | undefined;
}

export interface HttpServerOptions extends HttpPorts {
  readonly listen: readonly HttpListen[];
  /** The program's version, for the API document. */
  readonly version: string;
  readonly limits?: Partial<HttpLimits>;
}

/** A running or stopped HTTP server; both methods may be called twice. */
export interface HttpServer {
  /** Opens every address; rejects with DependencyError `http.listenFailed`, and then none is open. */
  start(): Promise<readonly { readonly address: string; readonly port: number }[]>;
  /** Takes no new connections, lets answers under way finish for `deadlineMs`, then closes what is left. */
  stop(deadlineMs: number): Promise<void>;
}

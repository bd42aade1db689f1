/** Limits of the HTTP server. Each is checked where its resource is taken; what happens at it stands beside it. */
export interface HttpLimits {
  /** JSON and location documents; beyond it 413. */
  readonly bodyBytesMax: number;
  /** A request for a location by reference; beyond it 413. */
  readonly referenceBodyBytesMax: number;
  /** An uploaded boundary file, as sent and decompressed; beyond it 413. */
  readonly uploadBytesMax: number;
  /** All header fields of a request; beyond it 431. */
  readonly headerBytesMax: number;
  /** Number of header fields; further ones are not seen. */
  readonly headersMax: number;
  /** Open connections of one listener; further ones are closed at once. */
  readonly connectionsMax: number;
  /** From a connection to the end of its TLS handshake; beyond it the connection is closed. */
  readonly handshakeTimeoutMs: number;
  /** From a request to its answer, uploads apart; beyond it 503. */
  readonly requestTimeoutMs: number;
  /** From an upload's first byte to its last; beyond it the connection is closed. */
  readonly uploadTimeoutMs: number;
  /** Wait for the next bytes of a body; beyond it 408. */
  readonly bodyIdleMs: number;
  /** How long bytes of a body that nobody wants are still taken, so that the client reads our answer before the connection ends. */
  readonly lingerMs: number;
  /** An idle connection is closed after this. */
  readonly keepAliveMs: number;
  /** Refused or repaired features listed in one answer; the rest are counted. */
  readonly listedFeaturesMax: number;
  /** Event streams at one time; a further one gets 503. */
  readonly eventStreamsMax: number;
  /** Bytes that wait for a reader of events; one that lets more wait is cut off, and begins anew. */
  readonly eventBacklogBytesMax: number;
  /** How often a quiet event stream says that it is there. */
  readonly eventHeartbeatMs: number;
}

/** Values for an ordinary server. */
export const defaultHttpLimits: HttpLimits = {
  bodyBytesMax: 262_144,
  referenceBodyBytesMax: 16_384,
  uploadBytesMax: 4_000_000_000,
  headerBytesMax: 16_384,
  headersMax: 100,
  connectionsMax: 1_000,
  handshakeTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  uploadTimeoutMs: 3_600_000,
  bodyIdleMs: 30_000,
  lingerMs: 2_000,
  keepAliveMs: 10_000,
  listedFeaturesMax: 1_000,
  eventStreamsMax: 100,
  eventBacklogBytesMax: 1_000_000,
  eventHeartbeatMs: 15_000,
};

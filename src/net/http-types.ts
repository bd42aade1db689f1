/** One document to fetch. */
export interface HttpQuestion {
  /** Absolute, `https:` (or `http:` where the rules have that). Kept secret: it stands in no error and no log. */
  readonly uri: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  /** The Accept header. */
  readonly accept: string;
  /** No cache on the way may answer (`Cache-Control: no-cache`, which RFC 5222 §14 wants). */
  readonly isUncached?: boolean | undefined;
  /** For everything: names, connection, TLS, redirects, the whole answer. */
  readonly deadlineMs: number;
  /** Octets of the document, decompressed. */
  readonly bytesMax: number;
  /**
   * The operator wrote the URI: it is exempt from the lists of hosts and networks, as are redirects within its host. What
   * it redirects to elsewhere is not.
   */
  readonly isTrusted?: boolean | undefined;
  /** What is asked shall not become known to another host: redirects to one are refused. */
  readonly staysOnHost?: boolean | undefined;
}

/** A whole answer, of any status but a redirect. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** `type/subtype` in lower case without parameters; empty where it was not said. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Where it came from in the end. */
  readonly uri: string;
}

/** What is shown to a host that has a password or a token for us (RFC 7617, RFC 6750). */
export type HttpCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly bearerToken: string };

/** Who may be asked. */
export interface HttpRules {
  /** Names, addresses (IPv6 in brackets) and `*.domain` for everything below it; empty allows every host. */
  readonly hosts: readonly string[];
  /** Networks in CIDR form that may be asked although they are not public. */
  readonly networks: readonly string[];
  /** Whether `http:` is spoken too. */
  readonly plainHttp: boolean;
}

/** What fetching may cost. */
export interface HttpLimits {
  readonly redirectsMax: number;
  /** Documents being fetched at once; more fail at once. */
  readonly concurrentMax: number;
  /** From asking for a connection to having it, name and TLS included. */
  readonly connectTimeoutMs: number;
  readonly headerBytesMax: number;
  /** Servers whose idle connections are kept. */
  readonly originsMax: number;
  /** How long an idle connection is kept, unless the server says less. */
  readonly idleMs: number;
  readonly patience: PatienceLimits;
}

/** When a server that stays silent is no longer waited for as long as others. */
export interface PatienceLimits {
  /** Answers in a row that did not come in time. */
  readonly timeoutsMax: number;
  /** How long calls wait from then on. */
  readonly shortMs: number;
  /** A wait shorter than this proves nothing when it ends without an answer. */
  readonly provingMs: number;
  /** Without a further timeout for so long, the server is waited for as before. */
  readonly memoryMs: number;
  /** Servers remembered; the one noted longest ago is forgotten first. */
  readonly originsMax: number;
}

/** For metrics; grows only, but for `underWay` and `origins`. */
export interface HttpCounts {
  readonly asked: number;
  readonly answered: number;
  /** Refused by rule, before any packet left. */
  readonly refused: number;
  readonly busy: number;
  readonly timedOut: number;
  readonly failed: number;
  readonly redirects: number;
  readonly connections: number;
  readonly underWay: number;
  readonly origins: number;
}

import { type Param, paramValue } from '../uri/index.ts';
import { defineHeader } from './grammar.ts';
import { type TokenValue, tokenValueParts, type UriValue, uriValueParts } from './grammar-parts.ts';
import { qualityOf, writable, writeParams } from './grammar-scanner.ts';

// Headers of identity, privacy, security agreement, priority and location.

/** Privacy (RFC 3323 §4.2): what is asked for, separated by semicolons. */
export const privacy = defineHeader<readonly string[]>('Privacy', {
  read: (scanner) => {
    const values: string[] = [];
    do {
      const value = scanner.token();
      if (value === undefined) return undefined;
      values.push(value);
    } while (scanner.take(';'));
    return values;
  },
  write: (values) => values.join(';'),
});

/** A signature over the request (RFC 8224 §4). */
export interface IdentityValue {
  /** The signed digest as written: a PASSporT, or only its signature between two dots (the compact form). */
  readonly digest: string;
  /** Where the certificate is. */
  readonly infoUri: string;
  /** `alg`, `ppt` and others. */
  readonly params: readonly Param[];
}

/** Identity (RFC 8224 §4). */
export const identity = defineHeader<IdentityValue>('Identity', {
  read: (scanner) => {
    const digest = scanner.match(/[A-Za-z0-9+/=._-]+/y);
    if (digest === undefined || !scanner.take(';')) return undefined;
    if (scanner.token()?.toLowerCase() !== 'info' || !scanner.take('=')) return undefined;
    const info = scanner.bracketedUri();
    const params = scanner.params();
    if (info === undefined || params === undefined) return undefined;
    return { digest, infoUri: info.uriText, params };
  },
  write: ({ digest, infoUri, params }) => `${digest};info=<${infoUri}>${writeParams(params, ['ppt'])}`,
});

/** Identity-Info (RFC 4474 §9). */
export const identityInfo = defineHeader<UriValue>('Identity-Info', uriValueParts);

const mechanismParts = tokenValueParts({ check: ({ params }) => qualityOf(params) !== 'bad' });

/** Security-Client (RFC 3329 §2.2): a mechanism and its parameters. */
export const securityClient = defineHeader<TokenValue>('Security-Client', mechanismParts);
/** Security-Server (RFC 3329 §2.2). */
export const securityServer = defineHeader<TokenValue>('Security-Server', mechanismParts);
/** Security-Verify (RFC 3329 §2.2). */
export const securityVerify = defineHeader<TokenValue>('Security-Verify', mechanismParts);

/** P-Access-Network-Info (RFC 7315 §5.4): the access type or class, and what is known of the cell or line. */
export const accessNetworkInfo = defineHeader<TokenValue>('P-Access-Network-Info', tokenValueParts());
/** P-Visited-Network-ID (RFC 7315 §5.3). */
export const visitedNetworkId = defineHeader<TokenValue>('P-Visited-Network-ID', {
  read: (scanner) => {
    const token = scanner.quoted() ?? scanner.token();
    const params = token === undefined ? undefined : scanner.params();
    return token === undefined || params === undefined ? undefined : { token, params };
  },
  write: ({ token, params }) => writeParams([{ name: 'x', value: token }]).slice(3) + writeParams(params),
});

const paramsOnly = {
  read: (scanner: Parameters<typeof mechanismParts.read>[0]): readonly Param[] | undefined => {
    const first = scanner.param();
    const rest = first === undefined ? undefined : scanner.params();
    return first === undefined || rest === undefined ? undefined : [first, ...rest];
  },
  write: ([first, ...rest]: readonly Param[]): string => {
    if (first === undefined) return '';
    const { name, value } = writable(first, []);
    return `${name}${value === undefined ? '' : `=${value}`}${writeParams(rest)}`;
  },
};

/** P-Charging-Vector (RFC 7315 §5.6). */
export const chargingVector = defineHeader<readonly Param[]>('P-Charging-Vector', {
  ...paramsOnly,
  read: (scanner) => {
    const params = paramsOnly.read(scanner);
    return params?.[0]?.name.toLowerCase() === 'icid-value' && params[0].value ? params : undefined;
  },
});
/** P-Charging-Function-Addresses (RFC 7315 §5.5). */
export const chargingFunctionAddresses = defineHeader<readonly Param[]>(
  'P-Charging-Function-Addresses',
  paramsOnly,
);

/** A namespace and a priority in it. */
export interface ResourceValue {
  readonly namespace: string;
  readonly priority: string;
}

const resourceParts = {
  read: (scanner: Parameters<typeof mechanismParts.read>[0]): ResourceValue | undefined => {
    const text = scanner.match(/[A-Za-z0-9\-!%*_+`'~]+\.[A-Za-z0-9\-!%*_+`'~]+(?![^\s,])/y);
    const dot = text?.indexOf('.') ?? -1;
    if (text === undefined || dot < 0) return undefined;
    return { namespace: text.slice(0, dot), priority: text.slice(dot + 1) };
  },
  write: (value: ResourceValue): string => `${value.namespace}.${value.priority}`,
};

/** Resource-Priority (RFC 4412 §3.1). */
export const resourcePriority = defineHeader<ResourceValue>('Resource-Priority', resourceParts);
/** Accept-Resource-Priority (RFC 4412 §3.2); may be empty. */
export const acceptResourcePriority = defineHeader<ResourceValue>('Accept-Resource-Priority', resourceParts);

/** Geolocation (RFC 6442 §4.1). The location room reads what breaks this too. */
export const geolocation = defineHeader<UriValue>('Geolocation', uriValueParts);

/** Geolocation-Routing (RFC 6442 §4.2): `yes`, `no`, or what has the meaning of `no`. */
export const geolocationRouting = defineHeader<Param>('Geolocation-Routing', {
  read: (scanner) => scanner.param(),
  write: (param) => writeParams([param]).slice(1),
});

/** Geolocation-Error (RFC 6442 §4.4): a code of three digits, and its text in `code`. */
export const geolocationError = defineHeader<TokenValue>(
  'Geolocation-Error',
  tokenValueParts({
    pattern: /\d{3}(?![^\s;])/y,
    alwaysQuoted: ['code'],
    check: ({ params }) => paramValue(params, 'code') !== '',
  }),
);

/** AlertMsg-Error (RFC 8876 §5.2). */
export const alertMsgError = defineHeader<TokenValue>(
  'AlertMsg-Error',
  tokenValueParts({ pattern: /\d{3}(?![^\s;])/y, alwaysQuoted: ['code'] }),
);

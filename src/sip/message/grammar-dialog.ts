import { hasParam, type Param, paramValue } from '../uri/index.ts';
import { defineHeader, type GrammarParts } from './grammar.ts';
import { numberParts, type TokenValue, tokenParts, tokenValueParts } from './grammar-parts.ts';
import { numberParam, writeParams } from './grammar-scanner.ts';
import { sequenceMax } from './views.ts';

// Headers of dialogs, events, transfer and timers (the extensions of RFC 3261).

/** RSeq (RFC 3262 §7.1): 1 to 2^32 - 1. */
export const rseq = defineHeader<number>('RSeq', numberParts(2 ** 32 - 1, 1));

/** What a PRACK acknowledges. */
export interface RackValue {
  readonly rseq: number;
  readonly sequence: number;
  readonly method: string;
}

/** RAck (RFC 3262 §7.2). */
export const rack = defineHeader<RackValue>('RAck', {
  read: (scanner) => {
    const response = scanner.number(2 ** 32 - 1);
    const sequence = scanner.skip() ? scanner.number(sequenceMax) : undefined;
    const method = scanner.skip() ? scanner.token() : undefined;
    if (response === undefined || sequence === undefined || method === undefined) return undefined;
    return { rseq: response, sequence, method };
  },
  write: (value) => `${value.rseq} ${value.sequence} ${value.method}`,
});

/** Event (RFC 6665 §8.2.1): the package, its templates after dots, and `id`. */
export const event = defineHeader<TokenValue>('Event', tokenValueParts());
/** Allow-Events (RFC 6665 §8.2.2). */
export const allowEvents = defineHeader<string>('Allow-Events', tokenParts);
/** Subscription-State (RFC 6665 §8.2.3). */
export const subscriptionState = defineHeader<TokenValue>(
  'Subscription-State',
  tokenValueParts({
    check: ({ params }) =>
      numberParam(params, 'expires') !== 'bad' && numberParam(params, 'retry-after') !== 'bad',
  }),
);
/** SIP-ETag (RFC 3903 §11.3.1). */
export const sipEtag = defineHeader<string>('SIP-ETag', tokenParts);
/** SIP-If-Match (RFC 3903 §11.3.2). */
export const sipIfMatch = defineHeader<string>('SIP-If-Match', tokenParts);
/** Suppress-If-Match (RFC 5839 §7.1): an entity tag, or `*`. */
export const suppressIfMatch = defineHeader<string>('Suppress-If-Match', tokenParts);

/** Refer-Sub (RFC 4488 §4): `true` or `false`. */
export const referSub = defineHeader<TokenValue>(
  'Refer-Sub',
  tokenValueParts({ check: ({ token }) => /^(?:true|false)$/i.test(token) }),
);

/** A dialog named by its Call-ID and tags. */
export interface DialogReference {
  readonly callId: string;
  readonly params: readonly Param[];
}

/** Call-ID and parameters, among them each tag of `tags` exactly once. */
function dialogParts(tags: readonly string[]): GrammarParts<DialogReference> {
  return {
    read: (scanner) => {
      const callId = scanner.match(/[^\s;,@]+(?:@[^\s;,@]+)?/y);
      const params = callId === undefined ? undefined : scanner.params();
      if (callId === undefined || params === undefined) return undefined;
      const hasTags = tags.every(
        (tag) => params.filter(({ name, value }) => name.toLowerCase() === tag && value).length === 1,
      );
      return hasTags ? { callId, params } : undefined;
    },
    write: ({ callId, params }) => `${callId}${writeParams(params)}`,
  };
}

/** Replaces (RFC 3891 §6.1). */
export const replaces = defineHeader<DialogReference>('Replaces', dialogParts(['to-tag', 'from-tag']));
/** Join (RFC 3911 §7.1). */
export const join = defineHeader<DialogReference>('Join', dialogParts(['to-tag', 'from-tag']));
/** Target-Dialog (RFC 4538 §6). */
export const targetDialog = defineHeader<DialogReference>(
  'Target-Dialog',
  dialogParts(['local-tag', 'remote-tag']),
);

/** A session interval and who refreshes it. */
export interface SessionInterval {
  readonly intervalS: number;
  readonly refresher: 'uac' | 'uas' | undefined;
  readonly params: readonly Param[];
}

const intervalParts: GrammarParts<SessionInterval> = {
  read: (scanner) => {
    const intervalS = scanner.number(2 ** 32 - 1);
    const params = scanner.params();
    if (intervalS === undefined || params === undefined) return undefined;
    const refresher = paramValue(params, 'refresher')?.toLowerCase();
    if (refresher !== undefined && refresher !== 'uac' && refresher !== 'uas') return undefined;
    return { intervalS, refresher, params };
  },
  write: ({ intervalS, params }) => `${intervalS}${writeParams(params)}`,
};

/** Session-Expires (RFC 4028 §4). */
export const sessionExpires = defineHeader<SessionInterval>('Session-Expires', intervalParts);
/** Min-SE (RFC 4028 §5); it has no refresher. */
export const minSe = defineHeader<SessionInterval>('Min-SE', {
  ...intervalParts,
  read: (scanner) => {
    const value = intervalParts.read(scanner);
    return value === undefined || hasParam(value.params, 'refresher') ? undefined : value;
  },
});

/** Reason (RFC 3326 §2): the protocol, `cause` of digits, `text`. */
export const reason = defineHeader<TokenValue>(
  'Reason',
  tokenValueParts({
    alwaysQuoted: ['text'],
    check: ({ params }) => numberParam(params, 'cause') !== 'bad',
  }),
);

/** Info-Package (RFC 6086 §7.2). */
export const infoPackage = defineHeader<TokenValue>('Info-Package', tokenValueParts());
/** Recv-Info (RFC 6086 §7.3); may be empty. */
export const recvInfo = defineHeader<TokenValue>('Recv-Info', tokenValueParts());
/** Answer-Mode (RFC 5373 §3). */
export const answerMode = defineHeader<TokenValue>('Answer-Mode', tokenValueParts());
/** Priv-Answer-Mode (RFC 5373 §3). */
export const privAnswerMode = defineHeader<TokenValue>('Priv-Answer-Mode', tokenValueParts());
/** Flow-Timer (RFC 5626 §11.1), seconds. */
export const flowTimer = defineHeader<number>('Flow-Timer', numberParts());
/** Max-Breadth (RFC 5393 §5.3.3). */
export const maxBreadth = defineHeader<number>('Max-Breadth', numberParts());

/** The two halves of a session identifier. */
export interface SessionId {
  /** 32 lower-case hexadecimal digits. */
  readonly local: string;
  readonly remote: string | undefined;
  readonly params: readonly Param[];
}

/** Session-ID (RFC 7989 §5). */
export const sessionId = defineHeader<SessionId>('Session-ID', {
  read: (scanner) => {
    const local = scanner.match(/[0-9a-f]{32}(?![^\s;])/y);
    const params = local === undefined ? undefined : scanner.params();
    if (local === undefined || params === undefined) return undefined;
    const remote = paramValue(params, 'remote');
    if (remote !== undefined && !/^[0-9a-f]{32}$/.test(remote)) return undefined;
    return { local, remote, params };
  },
  write: ({ local, params }) => `${local}${writeParams(params)}`,
});

const starPattern = /\*(?![^\s;,])/y;

/** Accept-Contact (RFC 3841 §9.2): `*` and feature parameters. */
export const acceptContact = defineHeader<TokenValue>('Accept-Contact', featureParts());
/** Reject-Contact (RFC 3841 §9.2). */
export const rejectContact = defineHeader<TokenValue>('Reject-Contact', featureParts());
/** Request-Disposition (RFC 3841 §9.1): directives. */
export const requestDisposition = defineHeader<string>('Request-Disposition', tokenParts);
/** Feature-Caps (RFC 6809 §6.2): `*` and feature-capability indicators. */
export const featureCaps = defineHeader<TokenValue>('Feature-Caps', featureParts());

/** Feature parameters are quoted where they have a value (RFC 3840 §9). */
function featureParts(): GrammarParts<TokenValue> {
  return tokenValueParts({ pattern: starPattern });
}

/** User-to-User (RFC 7433 §4): a token or quoted text, and what it is. */
export const userToUser = defineHeader<{ readonly data: string; readonly params: readonly Param[] }>(
  'User-to-User',
  {
    read: (scanner) => {
      const data = scanner.quoted() ?? scanner.token();
      const params = data === undefined ? undefined : scanner.params();
      return data === undefined || params === undefined ? undefined : { data, params };
    },
    write: ({ data, params }) => writeParams([{ name: 'x', value: data }]).slice(3) + writeParams(params),
  },
);

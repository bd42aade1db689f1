import { paramValue } from '../uri/index.ts';
import { defineHeader } from './grammar.ts';
import { addressParts, readAddress, writeAddress } from './grammar-parts.ts';
import { numberParam, qualityOf } from './grammar-scanner.ts';
import type { NameAddr } from './types.ts';

// Headers whose values are addresses, with a display name or not.

/** A Contact value: an address, or `*` in a REGISTER that takes all bindings away (RFC 3261 §10.2.2). */
export type ContactValue =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'address';
      readonly address: NameAddr;
      /** Preference from 0 to 1. */
      readonly q: number | undefined;
      readonly expiresS: number | undefined;
    };

/** Contact (RFC 3261 §20.10). */
export const contact = defineHeader<ContactValue>('Contact', {
  read: (scanner) => {
    if (scanner.match(/\*(?![^\s])/y) !== undefined) return { kind: 'all' };
    const address = readAddress(scanner, true);
    if (address === undefined) return undefined;
    const q = qualityOf(address.params);
    const expiresS = numberParam(address.params, 'expires');
    return q === 'bad' || expiresS === 'bad' ? undefined : { kind: 'address', address, q, expiresS };
  },
  write: (value) => (value.kind === 'all' ? '*' : writeAddress(value.address)),
});

/** From (RFC 3261 §20.20). */
export const from = defineHeader<NameAddr>('From', addressParts());
/** To (RFC 3261 §20.39). */
export const to = defineHeader<NameAddr>('To', addressParts());
/** Reply-To (RFC 3261 §20.31). */
export const replyTo = defineHeader<NameAddr>('Reply-To', addressParts());
/** Route (RFC 3261 §20.34): angle brackets are mandatory. */
export const route = defineHeader<NameAddr>('Route', addressParts({ isBareAllowed: false }));
/** Record-Route (RFC 3261 §20.30). */
export const recordRoute = defineHeader<NameAddr>('Record-Route', addressParts({ isBareAllowed: false }));
/** Path (RFC 3327 §4). */
export const path = defineHeader<NameAddr>('Path', addressParts({ isBareAllowed: false }));
/** Service-Route (RFC 3608 §5). */
export const serviceRoute = defineHeader<NameAddr>('Service-Route', addressParts({ isBareAllowed: false }));

/** Refer-To (RFC 3515 §2.1). */
export const referTo = defineHeader<NameAddr>('Refer-To', addressParts());
/** Referred-By (RFC 3892 §3). */
export const referredBy = defineHeader<NameAddr>('Referred-By', addressParts());

const isSipOrTel = (value: NameAddr): boolean => value.uri.kind === 'sip' || value.uri.kind === 'tel';

/** P-Asserted-Identity (RFC 3325 §9.1): a sip, sips or tel URI; RFC 5876 §4 lets a SIP URN stand too. */
export const assertedIdentity = defineHeader<NameAddr>(
  'P-Asserted-Identity',
  addressParts({ check: (value) => isSipOrTel(value) || value.uri.kind === 'urn' }),
);
/** P-Preferred-Identity (RFC 3325 §9.2). */
export const preferredIdentity = defineHeader<NameAddr>(
  'P-Preferred-Identity',
  addressParts({ check: (value) => isSipOrTel(value) || value.uri.kind === 'urn' }),
);
/** P-Associated-URI (RFC 7315 §5.1). */
export const associatedUri = defineHeader<NameAddr>(
  'P-Associated-URI',
  addressParts({ isBareAllowed: false }),
);
/** P-Called-Party-ID (RFC 7315 §5.2). */
export const calledPartyId = defineHeader<NameAddr>(
  'P-Called-Party-ID',
  addressParts({ isBareAllowed: false }),
);
/** P-Charge-Info (RFC 8496 §6). */
export const chargeInfo = defineHeader<NameAddr>('P-Charge-Info', addressParts());
/** Diversion (RFC 5806 §4). */
export const diversion = defineHeader<NameAddr>('Diversion', addressParts());

/** History-Info (RFC 7044 §5): each entry has an index such as `1.2.1`. */
export const historyInfo = defineHeader<NameAddr>(
  'History-Info',
  addressParts({
    isBareAllowed: false,
    check: ({ params }) => /^\d+(?:\.\d+)*$/.test(paramValue(params, 'index') ?? ''),
  }),
);

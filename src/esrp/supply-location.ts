import type { CodedError, WallMs } from '../base/index.ts';
import { type LocationValue, writePidfLo } from '../location/index.ts';
import {
  addPart,
  type HeaderEdit,
  headerValues,
  type SipRequest,
  type TargetAddition,
} from '../sip/index.ts';
import { esrpErrors } from './errors.ts';
import type { Profile, SupplyOptions } from './supply.ts';
import { supplyDocument } from './supply-document.ts';
import type { Located } from './types.ts';

/** What is to be known of a call for the question whether a location of ours goes on with it. */
export interface SupplyQuestion {
  readonly located: Located | undefined;
  /** In the order of the plan. */
  readonly targetUris: readonly string[];
  readonly supply: SupplyOptions;
  readonly now: WallMs | undefined;
}

/** What each target of a plan gets, in the plan's order, and what could not be done as wanted. */
export interface Supplied {
  readonly additions: readonly (TargetAddition | undefined)[];
  readonly warnings: readonly CodedError[];
}

/** RFC 6442 §4.1: the requests that may bring a location. */
const conveying: ReadonlySet<string> = new Set([
  ...['INVITE', 'REGISTER', 'OPTIONS', 'BYE', 'UPDATE', 'INFO'],
  ...['MESSAGE', 'REFER', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH'],
]);

/** Beyond it a request with a part of ours would not fit into every datagram with what else it gains on its way. */
const requestBytesMax = 60_000;
/** A longer reference is more than other programs take in a header. */
const referenceMax = 4_000;

/**
 * Statuses that a part of ours may be the cause of: a bad location (RFC 6442 §4.3), a multipart that is not known there or
 * whose session description is not found, or a message that is too large. An answering point that refuses with one of them is
 * asked once more with the call as it came.
 */
const partRefusals: readonly number[] = [400, 413, 415, 424, 488, 513, 606];
const referenceRefusals: readonly number[] = [424];

const nothing: Supplied = { additions: [], warnings: [] };

/**
 * Hands each target the location that we supply, by its profile (NENA-STA-010.3 §3.2 wants a new
 * body part whose reference comes first; RFC 6881 §9.3 SP-33 (1) and RFC 6442 §4.1 a reference that comes last, since no
 * proxy may insert a body). What the call itself brought is neither altered nor replaced nor added again.
 */
export function supplyLocation(request: SipRequest, question: SupplyQuestion): Supplied {
  const { located, supply, targetUris } = question;
  const location = located?.location;
  if (!supply.isOn || location === undefined || !isOurs(location)) return nothing;
  if (!conveying.has(request.method)) return nothing;
  const maker = new AdditionMaker(request, location, question);
  const additions = targetUris.map((uri) => maker.forProfile(supply.profileOf(uri)));
  return { additions, warnings: maker.warnings };
}

/** Whether the call did not bring the location. */
function isOurs({ source }: LocationValue): boolean {
  return source.kind === 'locationServer' || source.kind === 'table' || source.kind === 'default';
}

/** Makes each addition once, however many targets want it. */
class AdditionMaker {
  readonly warnings: CodedError[] = [];
  readonly #request: SipRequest;
  readonly #supply: SupplyOptions;
  readonly #pidfLo: string;
  readonly #contentId: string;
  readonly #isFirst: boolean;
  readonly #made = new Map<Profile, TargetAddition | undefined>();
  #uri: { readonly text: string | undefined } | undefined;

  constructor(request: SipRequest, location: LocationValue, { supply, now }: SupplyQuestion) {
    const { provider } = supply;
    const { id, content } = supplyDocument(request, location, { provider, now });
    this.#request = request;
    this.#supply = supply;
    this.#contentId = id;
    this.#pidfLo = writePidfLo(content);
    this.#isFirst = headerValues(request, 'geolocation').length === 0;
  }

  forProfile(profile: Profile): TargetAddition | undefined {
    if (!this.#made.has(profile)) this.#made.set(profile, this.#make(profile));
    return this.#made.get(profile);
  }

  #make(profile: Profile): TargetAddition | undefined {
    if (profile === 'nena-i3') {
      const body = this.#body();
      if (body.kind === 'body') return body.addition;
      const instead = this.#reference('add');
      const what = `as a body part, because ${body.reason}`;
      if (instead === undefined) this.#warn('esrp.locationNotSupplied', `${profile} ${what}`);
      else this.#warn('esrp.locationSuppliedOtherwise', `by reference and not ${what}`);
      return instead;
    }
    const reference = this.#reference('append');
    if (reference === undefined) {
      // A part would be against the rules that these peers go by (RFC 3261 §16.6, RFC 6881 §9.3 SP-33 (1)).
      this.#warn('esrp.locationNotSupplied', `${profile} by reference, because no usable one can be made`);
    }
    return reference;
  }

  #body():
    | { readonly kind: 'body'; readonly addition: TargetAddition }
    | { readonly kind: 'none'; readonly reason: string } {
    const bytes = Buffer.from(this.#pidfLo, 'utf8');
    if (this.#request.bytes.length + bytes.length > requestBytesMax) {
      return { kind: 'none', reason: 'the message would be too large' };
    }
    const extended = addPart(this.#request, {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', `<${this.#contentId}>`],
        // RFC 5621 §9.4, RFC 7852 §9: for who follows the reference, and nothing to refuse a call for.
        ['Content-Disposition', 'by-reference;handling=optional'],
      ],
      bytes,
    });
    if (!extended.ok) return { kind: 'none', reason: extended.error };
    const edits = this.#edits('add', `cid:${this.#contentId}`);
    return {
      kind: 'body',
      addition: { edits, body: extended.value, refusedBy: partRefusals, concealed: this.#concealed() },
    };
  }

  #reference(place: 'add' | 'append'): TargetAddition | undefined {
    this.#uri ??= { text: this.#published() };
    const { text } = this.#uri;
    if (text === undefined) return undefined;
    const edits = this.#edits(place, text);
    return { edits, refusedBy: referenceRefusals, concealed: this.#concealed() };
  }

  #published(): string | undefined {
    const uri = this.#supply.publisher?.publish(this.#pidfLo);
    return uri === undefined ||
      uri.length > referenceMax ||
      !/^https:\/\/[!-~]+$/.test(uri) ||
      /[<>"]/.test(uri)
      ? undefined
      : uri;
  }

  #edits(place: 'add' | 'append', uri: string): readonly HeaderEdit[] {
    const value: HeaderEdit = {
      kind: place,
      name: 'Geolocation',
      value: `<${uri}>${this.#locationSource()}`,
    };
    // RFC 6442 §4.2.1: beside a location of the caller's the absent header means `no`, which is not ours to widen. Without
    // one it is open; the location is ours, and an emergency call is always routed by location (RFC 6881 §9.3 SP-33 (6)).
    if (!this.#isFirst) return [value];
    return [value, { kind: 'addIfAbsent', name: 'Geolocation-Routing', value: 'yes' }];
  }

  /** RFC 8787 §4: who added the value, which only a fully qualified host name can say. */
  #locationSource(): string {
    const { provider } = this.#supply;
    return qualifiedName.test(provider) ? `;loc-src=${provider}` : '';
  }

  /**
   * RFC 6442 §4.4: an error where no other location was is about ours. Where there was another one, all of them were found
   * bad, and the caller is to know.
   */
  #concealed(): readonly string[] {
    return this.#isFirst ? ['Geolocation-Error'] : [];
  }

  #warn(code: 'esrp.locationNotSupplied' | 'esrp.locationSuppliedOtherwise', detail: string): void {
    this.warnings.push({ code, message: `${esrpErrors[code].meaning}: ${detail}` });
  }
}

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const qualifiedName = new RegExp(`^(?:${label}\\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`);

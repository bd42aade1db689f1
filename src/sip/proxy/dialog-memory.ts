import type { MonoMs } from '../../base/index.ts';
import {
  callId,
  contacts,
  fromHeader,
  headerValues,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  toHeader,
} from '../message/index.ts';
import type { Destination, Flow } from '../transaction/index.ts';
import { parseSipUri } from '../uri/index.ts';
import type { OwnAddresses } from './own-addresses.ts';
import { ownCopy } from './own-copy.ts';
import { flowBack } from './record-route.ts';

/** How a party of a dialog is reached. */
export interface RemoteSide {
  /** Its Contact. */
  readonly target: string;
  /** Route values beyond us, in order. */
  readonly routes: readonly string[];
  /** Its flow, where its Contact may not lead to it. */
  readonly flow: Destination | undefined;
}

interface Dialog {
  caller: RemoteSide;
  callee: RemoteSide;
  isEmergency: boolean;
  usedAt: MonoMs;
  /** Characters of its names, targets and routes when it was learned. */
  readonly chars: number;
}

const noRoutes: readonly string[] = [];

/** Dialogs with longer names, targets and routes are not kept. */
const dialogCharsMax = 4_000;
/** Longer than a call may ring between two provisional responses (timer C, RFC 3261 §16.6 item 11). */
const earlyAgeMaxMs = 300_000;
/** For each dialog that may be kept; all of them together share it. A usual one takes half of that. */
const charsPerDialog = 1_000;

/**
 * The dialogs that went through lately, for a peer that never learned the other side's Contact and sends its BYE to the
 * service URN or to us. Learned from the responses to an INVITE, kept right by target refreshes (RFC 3261 §12.2.1.2), let
 * go with the BYE. A help and no more: what is not here any more, or on another node, gets 481.
 */
export class DialogMemory {
  readonly #own: OwnAddresses;
  readonly #dialogsMax: number;
  readonly #ageMaxMs: number;
  /** Least lately used first. */
  readonly #dialogs = new Map<string, Dialog>();
  #chars = 0;
  /** Dialogs that began with a provisional response, in the order in which they did. */
  /** Since when those are there that have no 2xx to their INVITE yet, the oldest first. */
  readonly #early = new Map<string, MonoMs>();

  constructor(own: OwnAddresses, limits: { readonly dialogsMax: number; readonly ageMaxMs: number }) {
    this.#own = own;
    this.#dialogsMax = limits.dialogsMax;
    this.#ageMaxMs = limits.ageMaxMs;
  }

  get size(): number {
    return this.#dialogs.size;
  }

  /** Takes in what a response says, 101 to 699, to a request that came by `flow`. */
  learn(now: MonoMs, exchange: Exchange): void {
    const { request, response } = exchange;
    switch (request.method) {
      case 'BYE':
        if (endsDialog(response.statusCode)) this.#forget(request, request);
        return;
      case 'INVITE':
      case 'UPDATE':
        if (response.statusCode < 300) this.#learnTargets(now, exchange);
        else if (!hasToTag(request)) this.#forget(request, response);
        return;
      default:
    }
  }

  /** The side that a request within a dialog is meant for; undefined where the dialog is not known. */
  find(now: MonoMs, request: SipRequest): (RemoteSide & { readonly isEmergency: boolean }) | undefined {
    const names = namesOf(request, request);
    const found = names && this.#dialogOf(names);
    if (found === undefined || found.dialog.usedAt + this.#ageMaxMs < now) return undefined;
    this.#touch(now, found.key, found.dialog);
    const side = found.isFromCaller ? found.dialog.callee : found.dialog.caller;
    return { ...side, isEmergency: found.dialog.isEmergency };
  }

  #learnTargets(now: MonoMs, exchange: Exchange): void {
    const { request, response } = exchange;
    const names = namesOf(request, response);
    const target = contactOf(response);
    if (names === undefined || target === undefined) return;
    const known = this.#dialogOf(names);
    if (known !== undefined) {
      const { dialog, isFromCaller } = known;
      const [asker, answerer] = isFromCaller
        ? (['caller', 'callee'] as const)
        : (['callee', 'caller'] as const);
      dialog[asker] = moved(dialog[asker], contactOf(request));
      dialog[answerer] = moved(dialog[answerer], target);
      if (request.method === 'INVITE' && response.statusCode >= 200) this.#early.delete(known.key);
      this.#touch(now, known.key, dialog);
      return;
    }
    const asker = contactOf(request);
    if (request.method !== 'INVITE' || asker === undefined || hasToTag(request)) return;
    const key = ownCopy(keyOf(names.callId, names.from, names.to));
    const callerRoutes = headerValues(request, 'record-route');
    const calleeRoutes = this.#beyond(response);
    const chars = charsOf([key, asker, target, ...callerRoutes, ...calleeRoutes]);
    if (chars > dialogCharsMax) return;
    this.#trim(now, chars);
    this.#chars += chars;
    this.#dialogs.set(key, {
      caller: {
        target: ownCopy(asker),
        routes: copies(callerRoutes),
        flow: flowBack(request, exchange.flow),
      },
      callee: { target: ownCopy(target), routes: copies(calleeRoutes), flow: undefined },
      isEmergency: exchange.isEmergency,
      usedAt: now,
      chars,
    });
    if (response.statusCode < 200) this.#early.set(key, now);
  }

  /** Who recorded itself behind us, nearest first: what stands above our own values. */
  #beyond(response: SipResponse): readonly string[] {
    const beyond: string[] = [];
    for (const value of headerValues(response, 'record-route')) {
      const uri = parseSipUri(/<([^>]*)>/.exec(value)?.[1] ?? value);
      if (uri.ok && this.#own.ofUri(uri.value) !== undefined) break;
      beyond.push(value);
    }
    return beyond.reverse();
  }

  #dialogOf(names: Names): { key: string; dialog: Dialog; isFromCaller: boolean } | undefined {
    const forth = keyOf(names.callId, names.from, names.to);
    const dialog = this.#dialogs.get(forth);
    if (dialog !== undefined) return { key: forth, dialog, isFromCaller: true };
    const back = keyOf(names.callId, names.to, names.from);
    const other = this.#dialogs.get(back);
    return other && { key: back, dialog: other, isFromCaller: false };
  }

  #forget(request: SipRequest, tagged: SipMessage): void {
    const names = namesOf(request, tagged);
    const found = names && this.#dialogOf(names);
    if (found !== undefined) this.#drop(found.key, found.dialog);
  }

  #drop(key: string, dialog: Dialog): void {
    this.#dialogs.delete(key);
    this.#early.delete(key);
    this.#chars -= dialog.chars;
  }

  #touch(now: MonoMs, key: string, dialog: Dialog): void {
    dialog.usedAt = now;
    this.#dialogs.delete(key);
    this.#dialogs.set(ownCopy(key), dialog);
  }

  /** Lets go of what never got its 2xx: the branches of a fork that lost, and those that rang in vain. */
  #trimEarly(now: MonoMs): void {
    for (const [key, at] of this.#early) {
      if (at + earlyAgeMaxMs > now) return;
      const dialog = this.#dialogs.get(key);
      if (dialog !== undefined) this.#drop(key, dialog);
    }
  }

  /** Makes room for one more, and lets go of what is too old. */
  #trim(now: MonoMs, charsMore: number): void {
    this.#trimEarly(now);
    const charsMax = this.#dialogsMax * charsPerDialog;
    for (const [key, dialog] of this.#dialogs) {
      const hasRoom = this.#dialogs.size < this.#dialogsMax && this.#chars + charsMore <= charsMax;
      if (hasRoom && dialog.usedAt + this.#ageMaxMs >= now) return;
      this.#drop(key, dialog);
    }
  }
}

/** A request, what was answered to it, and what the request itself does not say. */
export interface Exchange {
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly flow: Flow;
  readonly isEmergency: boolean;
}

interface Names {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
}

/** The dialog's name, its tags from the sender's side; a response knows the To tag first. */
function namesOf(request: SipRequest, tagged: SipMessage): Names | undefined {
  const id = callId(request);
  const from = fromHeader(request);
  const to = toHeader(tagged);
  if (id === undefined || !from.ok || !to.ok) return undefined;
  if (from.value.tag === undefined || to.value.tag === undefined) return undefined;
  return { callId: id, from: from.value.tag, to: to.value.tag };
}

function hasToTag(request: SipRequest): boolean {
  const to = toHeader(request);
  return to.ok && to.value.tag !== undefined;
}

/** No line break can stand in a name. */
function keyOf(id: string, callerTag: string, calleeTag: string): string {
  return `${id}\n${callerTag}\n${calleeTag}`;
}

function contactOf(message: SipMessage): string | undefined {
  const values = contacts(message);
  const first = values.ok ? values.value[0] : undefined;
  return first?.uri.kind === 'sip' ? first.uriText : undefined;
}

function moved(side: RemoteSide, target: string | undefined): RemoteSide {
  return target === undefined || target === side.target || target.length > dialogCharsMax
    ? side
    : { ...side, target: ownCopy(target) };
}

function charsOf(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + value.length, 0);
}

function copies(values: readonly string[]): readonly string[] {
  return values.length === 0 ? noRoutes : values.map(ownCopy);
}

/** A challenge or a server's trouble leaves the dialog as it was (RFC 3261 §12.2.1.2, §15.1.1). */
function endsDialog(statusCode: number): boolean {
  return (statusCode >= 200 && statusCode < 300) || statusCode === 481 || statusCode === 408;
}

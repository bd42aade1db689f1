import { after, type MonoMs } from '../base/index.ts';
import type { Destination } from '../sip/index.ts';
import type { OnSendFailed } from './types.ts';

/** A message that was handed to a connection. */
export interface SentMessage {
  readonly bytes: Buffer;
  readonly destination: Destination;
  readonly onFailed: OnSendFailed | undefined;
  readonly kind: 'request' | 'ack' | 'response';
  readonly at: MonoMs;
  /** The peer had ended its side before: it may be gone altogether. */
  readonly followsEnd: boolean;
  /** The operating system took it. */
  isWritten: boolean;
}

/** More would not help: what is older was sent to a peer that has long been silent. */
const sentMax = 512;

/**
 * What was sent on one connection and not followed by any word of the peer. A write that succeeded says only that the
 * operating system has the bytes; where the connection then breaks they may be lost, and this is what to tell about or
 * to send again (RFC 3261 §18.4).
 */
export class SendLedger {
  readonly #sent: SentMessage[] = [];

  note(message: SentMessage): void {
    if (this.#sent.length >= sentMax && this.#sent[0]?.isWritten === true) this.#sent.shift();
    this.#sent.push(message);
  }

  /** The peer said something: it lives and reads. */
  heard(): void {
    const sent = this.#sent;
    let written = 0;
    while (written < sent.length && sent[written]?.isWritten === true) written += 1;
    if (written === sent.length) sent.length = 0;
    else if (written > 0) sent.splice(0, written);
  }

  /** Whether an answer to a request is awaited that was sent at most `withinMs` ago. */
  awaitsAnswer(now: MonoMs, withinMs: number): boolean {
    return this.#sent.some((message) => message.kind === 'request' && now < after(message.at, withinMs));
  }

  /** Whether a request was sent that long ago and nothing has come since. */
  isUnanswered(now: MonoMs, forMs: number): boolean {
    const first = this.#sent.find((message) => message.kind === 'request');
    return first?.isWritten === true && now >= after(first.at, forMs);
  }

  /** Everything, oldest first. */
  all(): readonly SentMessage[] {
    return this.#sent;
  }

  /** Everything, oldest first; the ledger is empty then. */
  takeAll(): readonly SentMessage[] {
    return this.#sent.splice(0);
  }

  /**
   * What the peer cannot be assumed to have, oldest first; the ledger is empty then. An ACK or a response that the
   * operating system took is let be: most peers close right after one.
   */
  takeLost(): readonly SentMessage[] {
    return this.takeAll().filter(
      (message) => !message.isWritten || message.followsEnd || message.kind === 'request',
    );
  }
}

/** What the bytes of a message begin with. */
export interface SentKind {
  readonly kind: SentMessage['kind'];
  /** A response other than 1xx. */
  readonly isFinal: boolean;
  readonly isInvite: boolean;
}

/** Tells by the first bytes what a message that leaves is: `SIP/2.0 2…`, `ACK `, `INVITE `. */
export function sentKind(bytes: Buffer): SentKind {
  const [first, second, third] = bytes;
  if (first === letterS && second === letterI && third === letterP) {
    return (bytes[statusAt] ?? 0) >= digitTwo ? finalResponse : provisionalResponse;
  }
  if (first === letterA && second === letterC && third === letterK) return ack;
  return first === letterI && second === letterN && third === letterV ? invite : request;
}

const [letterA, letterC, letterI, letterK, letterN, letterP, letterS, letterV] = Buffer.from('ACIKNPSV');
const digitTwo = 0x32;
/** Where the status code stands behind `SIP/2.0 `. */
const statusAt = 8;
const finalResponse: SentKind = { kind: 'response', isFinal: true, isInvite: false };
const provisionalResponse: SentKind = { kind: 'response', isFinal: false, isInvite: false };
const request: SentKind = { kind: 'request', isFinal: false, isInvite: false };
const invite: SentKind = { kind: 'request', isFinal: false, isInvite: true };
const ack: SentKind = { kind: 'ack', isFinal: false, isInvite: false };

import { after, type MonoMs } from '../base/index.ts';
import {
  type FramedItem,
  type FramingErrorCode,
  parseMessage,
  type SipMessage,
  StreamFramer,
} from '../sip/index.ts';
import type { CloseReason, StreamCounts } from './counts.ts';
import { strangerKind } from './strangers.ts';
import type { NetLimits } from './types.ts';

export interface StreamReaderOptions {
  readonly limits: NetLimits;
  readonly counts: StreamCounts;
  readonly onMessage: (message: SipMessage) => void;
  /** A double line end between messages. */
  readonly onPing: () => void;
  /**
   * The stream cannot be cut any more: nothing is read from now on. `last` is the message that it broke at, which can
   * still be answered, where its head was there.
   */
  readonly onBroken: (reason: CloseReason, last: SipMessage | undefined) => void;
  /** Whether what the chunk at hand still holds is wanted. */
  readonly isWanted: () => boolean;
}

const notSipCodes: ReadonlySet<FramingErrorCode> = new Set<FramingErrorCode>([
  'framing.notSip',
  'framing.http',
  'framing.tls',
]);

/** Turns what one connection brings into messages (RFC 3261 §18.3). */
export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #framer: StreamFramer;
  #hasMessage = false;
  #unfinishedSince: MonoMs | undefined;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#framer = new StreamFramer(options.limits.message);
  }

  /** Part of a message is there. */
  get isUnfinished(): boolean {
    return this.#framer.pendingBytes > 0;
  }

  /** Whether a message has been taking longer than that. */
  isSlow(now: MonoMs, limitMs: number): boolean {
    return this.#unfinishedSince !== undefined && now >= after(this.#unfinishedSince, limitMs);
  }

  /** A message's time counts from now on: until now nothing was read. */
  restart(now: MonoMs): void {
    if (this.#unfinishedSince !== undefined) this.#unfinishedSince = now;
  }

  push(chunk: Buffer, now: MonoMs): void {
    const { onPing, isWanted } = this.#options;
    for (const item of this.#framer.push(chunk)) {
      this.#unfinishedSince = undefined;
      if (item.kind === 'message') this.#read(item.bytes);
      else if (item.kind === 'ping') onPing();
      else this.#break(item, chunk);
      if (!isWanted()) return;
    }
    if (this.#framer.pendingBytes === 0) this.#unfinishedSince = undefined;
    else this.#unfinishedSince ??= now;
  }

  #read(bytes: Buffer): void {
    const { counts, limits, onMessage, onBroken } = this.#options;
    const outcome = parseMessage(bytes, { framing: 'stream', limits: limits.message });
    if (outcome.kind === 'message') {
      this.#hasMessage = true;
      onMessage(outcome.message);
      return;
    }
    counts.strangers[strangerKind(bytes)] += 1;
    onBroken('notSip', undefined);
  }

  #break(item: Extract<FramedItem, { readonly kind: 'broken' }>, chunk: Buffer): void {
    const { counts, limits, onBroken } = this.#options;
    if (item.head !== undefined) {
      const outcome = parseMessage(item.head, { framing: 'stream', limits: limits.message });
      onBroken('badFraming', outcome.kind === 'message' ? outcome.message : undefined);
      return;
    }
    const isStranger = notSipCodes.has(item.error.code);
    // Behind a message the chunk begins with that message; what follows it is no protocol of its own.
    if (isStranger) counts.strangers[this.#hasMessage ? 'other' : strangerKind(chunk)] += 1;
    onBroken(isStranger ? 'notSip' : 'badFraming', undefined);
  }
}

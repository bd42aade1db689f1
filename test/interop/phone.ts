import type { TracedMessage } from './trace.ts';

/** What happens to a phone's call: it rings here, it rings there, it is answered, it is over. */
export type PhoneEventKind = 'incoming' | 'ringing' | 'answered' | 'ended';

/** One of these, with what the phone said of it, such as the reason of an end. */
export interface PhoneEvent {
  readonly kind: PhoneEventKind;
  readonly detail: string;
}

/** A real phone under remote control. It has at most one call at a time. */
export interface Phone {
  readonly name: string;
  dial(uri: string): Promise<void>;
  answer(): Promise<void>;
  /** Refuses the call that rings here. */
  refuse(): Promise<void>;
  /** Ends its call, or gives it up while it rings there. */
  hangUp(): Promise<void>;
  /** The next event of that kind; events before it are passed over. Fails with what the phone printed. */
  next(kind: PhoneEventKind, timeoutMs?: number): Promise<PhoneEvent>;
  /** Every message that it logged so far. */
  messages(): readonly TracedMessage[];
  stop(): Promise<void>;
}

/** The events of a phone in order, as they are awaited. */
export class PhoneEvents {
  readonly #waiting: PhoneEvent[] = [];
  readonly #seen: PhoneEvent[] = [];
  readonly #describe: () => string;
  #wake: () => void = () => undefined;

  /** `describe` tells what the phone printed, for the message of a failing test. */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  put(event: PhoneEvent): void {
    this.#waiting.push(event);
    this.#seen.push(event);
    this.#wake();
  }

  async next(kind: PhoneEventKind, timeoutMs = 8_000): Promise<PhoneEvent> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift())
        if (event.kind === kind) return event;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) {
        const seen = this.#seen.map((event) => `${event.kind} (${event.detail})`).join(', ');
        throw new Error(
          `not ${kind} within ${timeoutMs} ms; seen: ${seen || 'nothing'}\n${this.#describe()}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

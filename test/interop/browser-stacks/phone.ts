import { fileURLToPath } from 'node:url';
import { startChild } from '../child.ts';
import { type Phone, type PhoneEventKind, PhoneEvents } from '../phone.ts';
import { readTraced, type TracedMessage } from '../trace.ts';

/** A script in a browser that calls over WebSocket and registers nothing. */
export interface BrowserPhoneOptions {
  readonly stack: 'jssip' | 'sipjs';
  readonly user: string;
  /** `ws://host:port` or `wss://host:port`. */
  readonly server: string;
  /** PEM file of the authority that the server's certificate is checked against. */
  readonly caFile?: string;
}

/** What a caller in a browser may say besides whom it calls. */
export interface DialParts {
  /** Sent by value, in a body with the session description. */
  readonly place?: { readonly lat: number; readonly lon: number };
  /** Header lines. */
  readonly headers?: readonly string[];
}

export interface BrowserPhone extends Phone {
  /** The URI that its Contact gives; it names no host that exists. */
  readonly contact: string;
  dial(uri: string, parts?: DialParts): Promise<void>;
}

const kinds: readonly PhoneEventKind[] = ['incoming', 'ringing', 'answered', 'ended'];
const connectTimeoutMs = 10_000;

/** Starts one in a process of its own, since both stacks want a browser's globals, and waits until it is connected. */
export async function startBrowserPhone(options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const { stack, user, server, caFile } = options;
  const program = fileURLToPath(new URL(`${stack}.mjs`, import.meta.url));
  const authority = caFile === undefined ? [] : ['--ca', caFile];
  const messages: TracedMessage[] = [];
  const events = new PhoneEvents(() => child.tail());
  let rest = '';
  let onContact: (contact: string) => void = () => undefined;
  const take = (said: Readonly<Record<string, string>>): void => {
    const { event = '', detail = '', text = '', contact } = said;
    const message = event === 'message' ? readTraced(text) : undefined;
    if (message !== undefined) messages.push(message);
    if (contact !== undefined) onContact(contact);
    const kind = kinds.find((each) => each === event);
    if (kind !== undefined) events.put({ kind, detail });
  };
  const child = startChild(process.execPath, [program, '--server', server, '--user', user, ...authority], {
    cwd: process.cwd(),
    onOutput: (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('{')) take(JSON.parse(line));
    },
  });
  const order = async (command: Readonly<Record<string, unknown>>): Promise<void> => {
    child.process.stdin.write(`${JSON.stringify(command)}\n`);
  };
  const contact = await new Promise<string>((resolve, reject) => {
    onContact = resolve;
    setTimeout(
      () => reject(new Error(`${stack} did not connect\n${child.tail()}`)),
      connectTimeoutMs,
    ).unref();
  });
  return {
    name: stack,
    contact,
    dial: (uri, parts = {}) => order({ do: 'dial', uri, ...parts }),
    answer: () => order({ do: 'answer' }),
    refuse: () => order({ do: 'refuse' }),
    hangUp: () => order({ do: 'hangUp' }),
    next: (kind, timeoutMs) => events.next(kind, timeoutMs),
    messages: () => messages,
    async stop() {
      child.process.stdin.end();
      await child.stop();
    },
  };
}

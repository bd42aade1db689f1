import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  type Address,
  Inbox,
  type Received,
  readMessage,
  readStream,
  value,
  values,
} from '../system/peer.ts';

// A presence server on real sockets, UDP and TCP on one port, that behaves as it is told. It knows nothing of the server's
// code. What was wrong with a SUBSCRIBE is noted in `problems`.

/** One NOTIFY of a subscription. */
export interface Notification {
  /** From the SUBSCRIBE. */
  readonly afterMs?: number;
  /** Subscription-State. */
  readonly state?: string;
  readonly contentType?: string;
  readonly body?: string | Buffer;
  /** From tag; another one is another notifier of a forked SUBSCRIBE. */
  readonly tag?: string;
  /** Leaves before the answer to the SUBSCRIBE. */
  readonly isFirst?: boolean;
}

/** What it does with new subscriptions. */
export interface PresenceBehaviour {
  /** Hears and says nothing. */
  readonly isDead?: boolean;
  /** Of the answer to a SUBSCRIBE; 200 unless said. */
  readonly status?: string;
  readonly headers?: readonly string[];
  /** 423 until a SUBSCRIBE asks for at least so many seconds. */
  readonly minExpiresS?: number;
  readonly answerAfterMs?: number;
  readonly notifications?: readonly Notification[];
  /** A SUBSCRIBE inside of the dialog is not answered. */
  readonly ignoresUnsubscribe?: boolean;
}

/** A running presence server. */
export interface PresenceServer {
  readonly port: number;
  /** Every SUBSCRIBE without repetitions, and every answer to a NOTIFY. */
  readonly subscribes: readonly Received[];
  readonly answers: readonly Received[];
  readonly problems: readonly string[];
  /** Subscriptions that were ended by the subscriber. */
  readonly unsubscribed: number;
  behave(behaviour: PresenceBehaviour): void;
  /** A presence reference of a user here. */
  uri(user: string, options?: { readonly scheme?: 'sip' | 'pres'; readonly transport?: 'tcp' }): string;
  close(): Promise<void>;
}

type Send = (bytes: string | Buffer) => void;

/** Starts one at an address of loopback. */
export async function startPresenceServer(address = '127.0.0.1'): Promise<PresenceServer> {
  const { udp, tcp, port } = await bind(address);
  const core = new PresenceCore({ address, port });
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  udp.on('message', (bytes, source) => {
    const send: Send = (message) => udp.send(message, source.port, source.address);
    core.receive(readMessage(bytes, source), send, (to, message) => udp.send(message, to.port, to.address));
  });
  tcp.on('connection', (socket) => {
    keep(socket);
    const source = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    readTo(socket, source, (message) =>
      core.receive(
        message,
        (bytes) => socket.write(bytes),
        (to, bytes) => {
          // A notifier opens a connection of its own to the Contact.
          const out = connect(to.port, to.address, () => out.write(bytes));
          keep(out);
          readTo(out, to, (answer) =>
            core.receive(
              answer,
              () => undefined,
              () => undefined,
            ),
          );
        },
      ),
    );
  });
  return {
    port,
    subscribes: core.subscribes,
    answers: core.answers,
    problems: core.problems,
    get unsubscribed() {
      return core.unsubscribed;
    },
    behave: (behaviour) => core.behave(behaviour),
    uri: (user, options = {}) => {
      const transport = options.transport === undefined ? '' : `;transport=${options.transport}`;
      return `${options.scheme ?? 'sip'}:${user}@${address}:${port}${transport}`;
    },
    close: async () => {
      core.stop();
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** What is told apart by Call-ID and tag. */
interface Subscription {
  readonly subscribe: Received;
  readonly tag: string;
  sequence: number;
}

class PresenceCore {
  readonly subscribes: Received[] = [];
  readonly answers: Received[] = [];
  readonly problems: string[] = [];
  unsubscribed = 0;
  readonly #place: Address;
  readonly #replies = new Map<string, string>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #behaviour: PresenceBehaviour = {};
  #serial = 0;

  constructor(place: Address) {
    this.#place = place;
  }

  behave(behaviour: PresenceBehaviour): void {
    this.#behaviour = behaviour;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  receive(message: Received, send: Send, notify: (to: Address, bytes: Buffer) => void): void {
    if (message.startLine.startsWith('SIP/2.0')) {
      this.answers.push(message);
      return;
    }
    if (this.#behaviour.isDead === true) {
      this.subscribes.push(message);
      return;
    }
    const branch = value(message, 'Via');
    const before = this.#replies.get(branch);
    if (before !== undefined) {
      if (before !== '') send(before);
      return;
    }
    this.#replies.set(branch, '');
    this.subscribes.push(message);
    const reply = (status: string, headers: readonly string[] = [], tag = 'presence'): void => {
      const text = answer(message, status, headers, tag);
      this.#replies.set(branch, text);
      send(text);
    };
    const hasToTag = /;\s*tag=/i.test(value(message, 'To'));
    if (hasToTag) this.#inDialog(message, reply, notify);
    else this.#subscribe(message, reply, notify);
  }

  #subscribe(
    message: Received,
    reply: (status: string, headers?: readonly string[]) => void,
    notify: (to: Address, bytes: Buffer) => void,
  ): void {
    this.#check(message);
    const behaviour = this.#behaviour;
    const { status = '200 OK', headers = [], minExpiresS = 0 } = behaviour;
    if (Number(value(message, 'Expires')) < minExpiresS) {
      reply('423 Interval Too Brief', [`Min-Expires: ${minExpiresS}`]);
      return;
    }
    if (!status.startsWith('2')) {
      this.#later(behaviour.answerAfterMs ?? 0, () => reply(status, headers));
      return;
    }
    const contact = `Contact: <sip:presence@${this.#place.address}:${this.#place.port}>`;
    const accept = (): void => reply(status, [`Expires: ${value(message, 'Expires')}`, contact, ...headers]);
    const notifications = behaviour.notifications ?? [];
    for (const each of notifications.filter(({ isFirst }) => isFirst === true)) {
      this.#notify(message, each, notify);
    }
    this.#later(behaviour.answerAfterMs ?? 0, accept);
    for (const each of notifications.filter(({ isFirst }) => isFirst !== true)) {
      this.#later(each.afterMs ?? 0, () => this.#notify(message, each, notify));
    }
  }

  #inDialog(
    message: Received,
    reply: (status: string, headers?: readonly string[]) => void,
    notify: (to: Address, bytes: Buffer) => void,
  ): void {
    const tag = /;\s*tag=([^;\s]+)/i.exec(value(message, 'To'))?.[1] ?? '';
    const subscription = this.#subscriptions.get(`${value(message, 'Call-ID')} ${tag}`);
    if (value(message, 'Expires') === '0') this.unsubscribed += 1;
    if (this.#behaviour.ignoresUnsubscribe === true) return;
    if (subscription === undefined) {
      reply('481 Subscription Does Not Exist');
      return;
    }
    reply('200 OK', [`Expires: ${value(message, 'Expires')}`]);
    this.#notify(subscription.subscribe, { state: 'terminated;reason=timeout', tag }, notify);
  }

  #notify(
    subscribe: Received,
    notification: Notification,
    notify: (to: Address, bytes: Buffer) => void,
  ): void {
    const {
      state = 'active;expires=60',
      contentType = 'application/pidf+xml',
      tag = 'presence',
    } = notification;
    const key = `${value(subscribe, 'Call-ID')} ${tag}`;
    const subscription = this.#subscriptions.get(key) ?? { subscribe, tag, sequence: 0 };
    subscription.sequence += 1;
    this.#subscriptions.set(key, subscription);
    this.#serial += 1;
    const target = /<([^>]+)>/.exec(value(subscribe, 'Contact'))?.[1] ?? '';
    const body = Buffer.from(notification.body ?? '');
    const isTcp = /\/TCP\b/i.test(value(subscribe, 'Via'));
    const { address, port } = this.#place;
    const head = [
      `NOTIFY ${target} SIP/2.0`,
      `Via: SIP/2.0/${isTcp ? 'TCP' : 'UDP'} ${address}:${port};branch=z9hG4bKpresence${this.#serial}`,
      'Max-Forwards: 70',
      `From: ${value(subscribe, 'To')};tag=${tag}`,
      `To: ${value(subscribe, 'From')}`,
      `Call-ID: ${value(subscribe, 'Call-ID')}`,
      `CSeq: ${subscription.sequence} NOTIFY`,
      `Contact: <sip:presence@${address}:${port}${isTcp ? ';transport=tcp' : ''}>`,
      'Event: presence',
      `Subscription-State: ${state}`,
      ...(body.length === 0 ? [] : [`Content-Type: ${contentType}`]),
      `Content-Length: ${body.length}`,
    ];
    const host = /@\[?([^\]]+?)\]?:(\d+)/.exec(target);
    const to = { address: host?.[1] ?? '', port: Number(host?.[2] ?? 5060) };
    notify(to, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
  }

  #check(message: Received): void {
    const expect = (isRight: boolean, what: string): void => {
      if (!isRight) this.problems.push(`${what}:\n${message.bytes}`);
    };
    expect(message.startLine.startsWith('SUBSCRIBE sip:'), 'no SUBSCRIBE of a SIP URI');
    expect(/^presence(;|$)/.test(value(message, 'Event')), 'the package is not presence');
    expect(values(message, 'Accept').join().includes('application/pidf+xml'), 'PIDF is not accepted');
    expect(/^\d+$/.test(value(message, 'Expires')), 'no Expires');
    expect(/^<sip:[^>]+>$/.test(value(message, 'Contact')), 'no Contact');
    expect(values(message, 'Resource-Priority').length === 1, 'no Resource-Priority');
    expect(value(message, 'Content-Type') === 'application/simple-filter+xml', 'no filter');
    expect(/<lf:locationType[^>]*>any</.test(message.body.toString()), 'a filter without a location type');
  }

  #later(afterMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, afterMs);
    this.#timers.add(timer);
  }
}

function answer(request: Received, status: string, headers: readonly string[], tag: string): string {
  const copied = request.headers
    .filter(([name]) => /^(?:via|record-route|from|call-id|cseq)$/i.test(name))
    .map(([name, text]) => `${name}: ${text}`);
  const to = value(request, 'To');
  return [
    `SIP/2.0 ${status}`,
    ...copied,
    `To: ${to}${/;\s*tag=/i.test(to) ? '' : `;tag=${tag}`}`,
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

function readTo(socket: Socket, source: Address, take: (message: Received) => void): void {
  const inbox = new (class extends Inbox {
    override put(message: Received): void {
      take(message);
    }
  })();
  readStream(socket, source, inbox);
}

/** UDP and TCP on one port. */
async function bind(address: string) {
  for (;;) {
    const tcp: Server = createServer();
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(0, address, resolve);
    });
    const at = tcp.address();
    const port = typeof at === 'object' && at !== null ? at.port : 0;
    const udp = createSocket('udp4');
    const isBound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, address, () => resolve(true));
    });
    if (isBound) return { udp, tcp, port };
    udp.close();
    await new Promise((resolve) => tcp.close(resolve));
  }
}

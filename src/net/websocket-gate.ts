import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamCounts } from './counts.ts';
import { strangerKind } from './strangers.ts';
import type { NetLimits } from './types.ts';
import {
  badHandshake,
  type HandshakeRefusal,
  handshakeRefusal,
  offeredSip,
  refusalText,
  upgradeRequired,
} from './websocket-handshake.ts';
import { frameLimits } from './websocket-limits.ts';

export interface WebSocketGateOptions {
  /** Web pages whose scripts may connect; any where undefined. */
  readonly origins: readonly string[] | undefined;
  readonly limits: NetLimits;
  readonly counts: StreamCounts;
}

type OnOpen = (socket: WebSocket) => void;

/** Browsers send cookies and more; no proxy on the way adds this much. */
const httpHeadBytesMax = 16 * 1024;
const badRequest = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/**
 * Shakes hands with the clients of one listener (RFC 6455 §4.2, RFC 7118 §4.1). It owns no socket and no clock: the
 * connections, with or without TLS, come from whoever accepted them, and are cut off by the same when they take too long.
 */
export class WebSocketGate {
  readonly #options: WebSocketGateOptions;
  readonly #http: Server;
  readonly #upgrader: WebSocketServer;
  readonly #waiting = new WeakMap<Duplex, OnOpen>();

  constructor(options: WebSocketGateOptions) {
    this.#options = options;
    this.#http = createServer({ maxHeaderSize: httpHeadBytesMax, headersTimeout: 0, requestTimeout: 0 });
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols: (offered) => offeredSip(offered) ?? false,
      ...frameLimits(options.limits),
    });
    // What the library finds wrong that was not seen before, such as a list of sub-protocols that is none.
    this.#upgrader.on('wsClientError', (error, stream) => this.#refuse(stream, badHandshake(error.message)));
    this.#attach(this.#http);
  }

  /** Takes a connection before its first byte; `onOpen` is told once it speaks WebSocket, and never where it does not. */
  take(stream: Socket, onOpen: OnOpen): void {
    this.#waiting.set(stream, onOpen);
    this.#http.emit('connection', stream);
  }

  #attach(http: Server): void {
    http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) =>
      this.#upgrade(request, stream, head),
    );
    const answer = (_request: IncomingMessage, response: ServerResponse): void => this.#answer(response);
    // The last two in place of the library's own answers, 100 and 417.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) http.on(event, answer);
    http.on('connect', (_request: IncomingMessage, stream: Duplex) => this.#refuse(stream, upgradeRequired));
    http.on('clientError', (error: Error & { readonly rawPacket?: Buffer }, stream: Duplex) => {
      this.#unreadable(stream, error.rawPacket);
    });
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refusal = handshakeRefusal(request, this.#options.origins);
    const onOpen = this.#waiting.get(stream);
    if (refusal !== undefined || onOpen === undefined) {
      this.#refuse(stream, refusal ?? upgradeRequired);
      return;
    }
    this.#upgrader.handleUpgrade(request, stream, head, onOpen);
  }

  /** An HTTP request that wants no upgrade: told what is spoken here, for whoever opens the port in a browser. */
  #answer(response: ServerResponse): void {
    const { statusCode, text, headers } = upgradeRequired;
    this.#countStranger('http');
    response.writeHead(statusCode, {
      ...headers,
      Connection: 'close',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  }

  #refuse(stream: Duplex, refusal: HandshakeRefusal): void {
    this.#countStranger('http');
    endWith(stream, refusalText(refusal));
  }

  /** What is no HTTP, or too long: HTTP is answered, the rest is cut off without a word. */
  #unreadable(stream: Duplex, packet: Buffer | undefined): void {
    if (packet === undefined) {
      stream.destroy();
      return;
    }
    const kind = strangerKind(packet);
    this.#countStranger(kind);
    if (kind === 'http' && stream.writable) endWith(stream, badRequest);
    else stream.destroy();
  }

  #countStranger(kind: ReturnType<typeof strangerKind>): void {
    this.#options.counts.strangers[kind] += 1;
    this.#options.counts.closed.notSip += 1;
  }
}

/** Says a last thing. Reading goes on, since an unread byte would turn the end into a reset that overtakes the answer. */
function endWith(stream: Duplex, text: string): void {
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(text);
}

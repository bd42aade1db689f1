import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock, MonoMs, Random } from '../base/index.ts';
import { after, DependencyError, errorText } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import {
  type AgentEvent,
  type AgentHeader,
  type CallEnd,
  type CallRequest,
  type Endpoint,
  hostText,
  SessionDescriptions,
  writeMultipart,
} from '../sip/index.ts';
import { familyOf, withoutBrackets } from './addresses.ts';
import { type AgentHost, startAgentHost } from './agent-host.ts';
import { systemClock, systemRandom } from './system.ts';

export interface PlaceCallOptions {
  /** The server that the call goes to. */
  readonly server: { readonly host: string; readonly port: number; readonly transport: 'udp' | 'tcp' };
  /** `urn:service:sos` where undefined. */
  readonly requestUri?: string;
  /** A PIDF-LO document to carry, and whether a Geolocation header points at it. */
  readonly location?: { readonly pidfLo: Buffer; readonly hasGeolocationHeader: boolean };
  readonly headers?: readonly AgentHeader[];
  /** From the answer to our BYE. */
  readonly hangUpAfterMs: number;
  /** Without a final response for this long the call is cancelled. */
  readonly giveUpAfterMs: number;
  readonly onMessage?: (entry: LadderEntry) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** One message of the call, for a ladder. */
export interface LadderEntry {
  readonly direction: 'in' | 'out';
  /** Since the call was placed. */
  readonly atMs: number;
  /** As bytes in latin1. */
  readonly startLine: string;
  readonly sizeBytes: number;
  readonly transport: string;
  readonly peer: Endpoint;
  readonly bytes: Buffer;
}

/** How a placed call went. Times count from the INVITE. */
export interface CallOutcome {
  readonly callId: string;
  readonly isAnswered: boolean;
  readonly end: CallEnd;
  /** First response of any kind, first 180 to 189, the 200, the end. Undefined: there was none. */
  readonly tryingMs: number | undefined;
  readonly ringingMs: number | undefined;
  readonly answeredMs: number | undefined;
  readonly endedMs: number;
}

const stopWithinMs = 300;
const tokenLength = 16;

/** Places one emergency call, hangs up after the time given, and says how it went. Throws `net.callFailed` where it cannot begin. */
export async function placeCall(options: PlaceCallOptions): Promise<CallOutcome> {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom();
  const remoteAddress = await addressOf(options.server.host);
  const address = await sourceAddress(remoteAddress, options.server.port);
  const timings = new Timings(clock.mono());
  let finish: (end: CallEnd) => void = () => undefined;
  const ended = new Promise<CallEnd>((resolve) => {
    finish = resolve;
  });
  const host = await startAgentHost({
    listen: [{ transport: options.server.transport, address, port: 0, ingress: 'caller' }],
    clock,
    random,
    logger: options.logger,
    user: 'caller',
    product: 'Firstline',
    answer: { ringAfterMs: undefined, outcome: { kind: 'reject', afterMs: 0, statusCode: 486 } },
    mediaDirection: 'sendrecv',
    reportMessages: true,
    onEvent: (event) => {
      timings.note(event, options.onMessage);
      if (event.kind === 'ended') finish(event.end);
    },
  });
  const callId = `${random.token(tokenLength)}@${hostText(address)}`;
  try {
    host.submit({ kind: 'call', call: callRequest(options, { callId, address, remoteAddress, random }) });
    const end = await ended;
    return timings.outcome(callId, end);
  } finally {
    await stopHost(host, clock.mono());
  }
}

/** Collects the ladder and the moments that the outcome names. */
class Timings {
  readonly #start: MonoMs;
  #trying: number | undefined;
  #ringing: number | undefined;
  #answered: number | undefined;
  #ended = 0;

  constructor(start: MonoMs) {
    this.#start = start;
  }

  note(event: AgentEvent, onMessage: PlaceCallOptions['onMessage']): void {
    const atMs = event.at - this.#start;
    switch (event.kind) {
      case 'message': {
        const { direction, startLine, bytes, transport, peer } = event;
        onMessage?.({ direction, atMs, startLine, sizeBytes: bytes.length, transport, peer, bytes });
        return;
      }
      case 'provisional':
        this.#trying ??= atMs;
        if (event.statusCode >= 180 && event.statusCode < 190) this.#ringing ??= atMs;
        return;
      case 'answered':
        this.#trying ??= atMs;
        this.#answered ??= atMs;
        return;
      case 'ended':
        this.#ended = atMs;
        return;
      default:
    }
  }

  outcome(callId: string, end: CallEnd): CallOutcome {
    return {
      callId,
      isAnswered: this.#answered !== undefined,
      end,
      tryingMs: this.#trying,
      ringingMs: this.#ringing,
      answeredMs: this.#answered,
      endedMs: this.#ended,
    };
  }
}

function callRequest(
  options: PlaceCallOptions,
  own: {
    readonly callId: string;
    readonly address: string;
    readonly remoteAddress: string;
    readonly random: Random;
  },
): CallRequest {
  const { location, server } = options;
  const { random, address } = own;
  const media = { address, port: 9, direction: 'sendrecv' } as const;
  const sdp = new SessionDescriptions(media, random).offer();
  const contentId = `${random.token(tokenLength)}@${address.includes(':') ? 'caller.invalid' : address}`;
  const boundary = `firstline-${random.token(tokenLength)}`;
  const geolocation: readonly AgentHeader[] =
    location?.hasGeolocationHeader === true
      ? [
          { name: 'Geolocation', value: `<cid:${contentId}>` },
          { name: 'Geolocation-Routing', value: 'yes' },
        ]
      : [];
  return {
    callId: own.callId,
    requestUri: options.requestUri ?? 'urn:service:sos',
    fromUri: `sip:caller@${hostText(address)}`,
    firstHop: { ...server, host: own.remoteAddress },
    headers: [...geolocation, ...(options.headers ?? [])],
    body:
      location === undefined
        ? { contentType: 'application/sdp', bytes: sdp }
        : {
            contentType: `multipart/mixed;boundary=${boundary}`,
            bytes: writeMultipart(
              [
                { headers: [['Content-Type', 'application/sdp']], bytes: sdp },
                {
                  headers: [
                    ['Content-Type', 'application/pidf+xml'],
                    ['Content-ID', `<${contentId}>`],
                  ],
                  bytes: location.pidfLo,
                },
              ],
              boundary,
            ),
          },
    giveUpAfterMs: options.giveUpAfterMs,
    hangUpAfterMs: options.hangUpAfterMs,
  };
}

async function addressOf(host: string): Promise<string> {
  const plain = withoutBrackets(host);
  if (familyOf(plain) !== undefined) return plain;
  try {
    // IPv4 first, which every listener of a trial set-up has.
    return (await lookup(plain, { verbatim: false })).address;
  } catch (cause) {
    throw new DependencyError('net.callFailed', `no address for "${plain}": ${errorText(cause)}`, cause);
  }
}

/** Our address towards a peer, as the routing table says: asked for by a UDP socket that sends nothing. */
async function sourceAddress(remote: string, port: number): Promise<string> {
  const socket = createSocket(familyOf(remote) === 'ipv6' ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, remote, resolve);
    });
    return socket.address().address;
  } catch (cause) {
    throw new DependencyError('net.callFailed', `no way to ${remote}: ${errorText(cause)}`, cause);
  } finally {
    socket.close();
  }
}

async function stopHost(host: AgentHost, now: MonoMs): Promise<void> {
  await host.stop(after(now, stopWithinMs));
}

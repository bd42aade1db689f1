import type { Random } from '../../base/index.ts';
import { decodePart, defaultBodyLimits, leaves, readBody } from '../body/index.ts';
import type { SipMessage } from '../message/index.ts';
import type { MediaSpec } from './types.ts';

const pcmu = 'PCMU/8000';

/** Our side of one call's session: gives out offers and answers with the version that RFC 3264 §8 asks for. */
export class SessionDescriptions {
  readonly #media: MediaSpec;
  readonly #id: number;
  #version = 0;

  constructor(media: MediaSpec, random: Random) {
    this.#media = media;
    // A number that tells this session from others (RFC 8866 §5.2).
    this.#id = Math.floor(random.fraction() * 2 ** 31);
  }

  /** An offer of one PCMU stream. */
  offer(): Buffer {
    const stream = { protocol: 'RTP/AVP', format: '0', mapping: pcmu, direction: this.#media.direction };
    return this.#write('0 0', [this.#audio(stream)]);
  }

  /**
   * The answer to an offer (RFC 3264 §6): its first audio stream is taken, by PCMU where it is offered, every other
   * stream is refused with port 0.
   */
  answer(offer: string): Buffer {
    const described = readOffer(offer);
    let hasAudio = false;
    const streams = described.streams.map((stream) => {
      if (hasAudio || stream.media !== 'audio' || stream.port === '0') {
        return [`m=${stream.media} 0 ${stream.protocol} ${stream.formats.join(' ')}`];
      }
      hasAudio = true;
      const format = stream.formats.find((offered) => offered === '0') ?? stream.formats[0] ?? '0';
      return this.#audio({
        protocol: stream.protocol,
        format,
        mapping: stream.mappings.get(format) ?? (format === '0' ? pcmu : undefined),
        direction: answeredDirection(stream.direction ?? described.direction, this.#media.direction),
      });
    });
    return this.#write(described.time, streams);
  }

  #audio(stream: {
    readonly protocol: string;
    readonly format: string;
    readonly mapping: string | undefined;
    readonly direction: Direction;
  }): readonly string[] {
    const { protocol, format, mapping, direction } = stream;
    return [
      `m=audio ${this.#media.port} ${protocol} ${format}`,
      ...(mapping === undefined ? [] : [`a=rtpmap:${format} ${mapping}`]),
      `a=${direction}`,
    ];
  }

  #write(time: string, streams: readonly (readonly string[])[]): Buffer {
    this.#version += 1;
    const { address } = this.#media;
    const family = address.includes(':') ? 'IP6' : 'IP4';
    const lines = [
      'v=0',
      `o=- ${this.#id} ${this.#version} IN ${family} ${address}`,
      's=-',
      `c=IN ${family} ${address}`,
      `t=${time}`,
      ...streams.flat(),
    ];
    return Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
  }
}

/** The session description in a message's body, also within a multipart, as latin1 text. */
export function sessionIn(message: SipMessage): string | undefined {
  if (message.body.length === 0) return undefined;
  for (const part of leaves(readBody(message, defaultBodyLimits))) {
    if (part.mediaType.type !== 'application/sdp') continue;
    const decoded = decodePart(part);
    return decoded.ok ? decoded.value.toString('latin1') : undefined;
  }
  return undefined;
}

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

interface OfferedStream {
  readonly media: string;
  readonly port: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly mappings: Map<string, string>;
  direction: Direction | undefined;
}

interface Offer {
  time: string;
  direction: Direction;
  readonly streams: OfferedStream[];
}

function readOffer(text: string): Offer {
  const offer: Offer = { time: '0 0', direction: 'sendrecv', streams: [] };
  for (const line of text.split(/\r\n|\n|\r/)) {
    const value = line.slice(2);
    const stream = offer.streams.at(-1);
    if (line.startsWith('t=')) offer.time = value;
    else if (line.startsWith('m=')) offer.streams.push(readStream(value));
    else if (isDirection(value) && line.startsWith('a=')) {
      if (stream === undefined) offer.direction = value;
      else stream.direction = value;
    } else if (line.startsWith('a=rtpmap:') && stream !== undefined) {
      const [format = '', mapping = ''] = value.slice('rtpmap:'.length).split(' ');
      stream.mappings.set(format, mapping);
    }
  }
  return offer;
}

function readStream(value: string): OfferedStream {
  const [media = '', port = '', protocol = '', ...formats] = value.trim().split(/ +/);
  return {
    media,
    port: port.replace(/\/.*/, ''),
    protocol,
    formats,
    mappings: new Map(),
    direction: undefined,
  };
}

function isDirection(value: string): value is Direction {
  return value === 'sendrecv' || value === 'sendonly' || value === 'recvonly' || value === 'inactive';
}

/** RFC 3264 §6.1. */
function answeredDirection(offered: Direction, ours: MediaSpec['direction']): Direction {
  if (ours === 'inactive' || offered === 'inactive') return 'inactive';
  if (offered === 'sendonly') return 'recvonly';
  return offered === 'recvonly' ? 'sendonly' : 'sendrecv';
}

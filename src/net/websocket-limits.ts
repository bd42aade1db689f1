import type { NetLimits } from './types.ts';

/** Fragments of one message; a script in a browser sends one, a proxy on the way may cut it at its buffer's size. */
const fragmentsMax = 4_096;
/** Chunks that one frame may arrive in: a message of the largest size in the smallest usual segments, several times over. */
const chunksMax = 16_384;
/** How long the other side has for its half of the closing handshake. */
const closeTimeoutMs = 2_000;

/**
 * The options of the library that are limits, for both sides of a connection. No compression: it costs memory for each
 * connection, and a small message could unfold to a large one. Text is not checked to be UTF-8; the connection says why.
 */
export function frameLimits(limits: NetLimits): {
  readonly maxPayload: number;
  readonly perMessageDeflate: false;
  readonly skipUTF8Validation: true;
} {
  const { headBytesMax, bodyBytesMax } = limits.message;
  const options = {
    // Twice the body, so that one that is somewhat too large is refused by its own response (513) and costs no call else.
    maxPayload: headBytesMax + 2 * bodyBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: chunksMax,
    closeTimeout: closeTimeoutMs,
    perMessageDeflate: false as const,
    skipUTF8Validation: true as const,
  };
  return options;
}

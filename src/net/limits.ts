import { defaultMessageLimits } from '../sip/index.ts';
import type { NetLimits } from './types.ts';

/** Limits that suit a carrier's server. */
export const defaultNetLimits: NetLimits = {
  message: defaultMessageLimits,
  udp: {
    // Half a second of 10,000 datagrams a second of 1.5 kB.
    receiveBufferBytes: 8 * 1024 * 1024,
    sendBufferBytes: 4 * 1024 * 1024,
  },
  stream: {
    connectionsMax: 20_000,
    connectionsPerAddressMax: 1_000,
    evictUnusedMs: 5_000,
    evictIdleMs: 30_000,
    connectTimeoutMs: 4_000,
    handshakeMs: 10_000,
    handshakesMax: 256,
    // Longer than any keepalive interval in use (RFC 5626 §4.4.1 recommends up to 120 s for reliable transports).
    idleMs: 600_000,
    messageMs: 10_000,
    halfClosedMs: 32_000,
    writeQueueBytesMax: 4 * 1024 * 1024,
    pauseReadingBytes: 256 * 1024,
    writeStallMs: 15_000,
    // A non-INVITE request may go without any answer for 64*T1, but what is alive says 100 after 4.5 s (RFC 4320 §4.1).
    silentMs: 6_000,
  },
};

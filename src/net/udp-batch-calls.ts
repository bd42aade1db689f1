import { createRequire } from 'node:module';
import { arch, endianness } from 'node:os';
import process from 'node:process';
import { getSystemErrorName } from 'node:util';

/** What this machine's C library is asked through koffi. Every address of memory is a number, every length in bytes. */
export interface SystemCalls {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: number, length: number) => number;
  readonly getsockname: (fd: number, address: number, length: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: number, length: number) => number;
  readonly close: (fd: number) => number;
  readonly recvmmsg: (fd: number, headers: number, count: number, flags: number, timeout: number) => number;
  readonly sendmmsg: (fd: number, headers: number, count: number, flags: number) => number;
  readonly inetPton: (family: number, text: string, target: number) => number;
  readonly inetNtop: (family: number, source: number, target: number, length: number) => number;
  readonly ifNameToIndex: (name: string) => number;
  readonly ifIndexToName: (index: number, target: number) => number;
  /** The error number of the call just made. */
  readonly errno: () => number;
  /** Where memory lies. A plain ArrayBuffer's never moves, unlike that of a small typed array. */
  readonly addressOf: (memory: ArrayBuffer) => number;
  /** Calls back from the event loop while the descriptor can be read, or with a status below zero after an error. */
  readonly poll: (fd: number, onReady: (status: number) => void) => PollHandle;
}

/** A watch on a descriptor. */
export interface PollHandle {
  start(onReady: (status: number) => void): void;
  stop(): void;
  close(): void;
}

/** A system call that failed. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** Such as `EADDRINUSE`. */
  readonly code: string;
  constructor(call: string, errno: number) {
    const code = errno > 0 ? getSystemErrorName(-errno) : 'UNKNOWN';
    super(`${call} ${code}`);
    this.code = code;
  }
}

/**
 * The calls, or undefined where they cannot be made: only 64-bit little-endian Linux on the two processors whose
 * structures were checked, and only with the optional package koffi.
 */
export function loadSystemCalls(): SystemCalls | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(arch()) || endianness() !== 'LE') {
    return undefined;
  }
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    return bindCalls(koffi);
  } catch {
    return undefined; // Not installed, not built for this machine, or without what is needed: Node's own sockets serve.
  }
}

// What is used of koffi, in types of our own: the program must compile where the package is not installed.
interface Koffi {
  load(path: null): { func(definition: string): (...values: (number | string)[]) => number };
  errno(): number;
  address(memory: ArrayBuffer): bigint;
  readonly node: { poll(fd: number, onReady: (status: number) => void): PollHandle };
}

function bindCalls(koffi: Koffi): SystemCalls {
  const c = koffi.load(null);
  return {
    socket: c.func('int socket(int, int, int)'),
    bind: c.func('int bind(int, uint64_t, uint32_t)'),
    getsockname: c.func('int getsockname(int, uint64_t, uint64_t)'),
    setsockopt: c.func('int setsockopt(int, int, int, uint64_t, uint32_t)'),
    close: c.func('int close(int)'),
    recvmmsg: c.func('int recvmmsg(int, uint64_t, uint32_t, int, uint64_t)'),
    sendmmsg: c.func('int sendmmsg(int, uint64_t, uint32_t, int)'),
    inetPton: c.func('int inet_pton(int, const char *, uint64_t)'),
    inetNtop: c.func('uint64_t inet_ntop(int, uint64_t, uint64_t, uint32_t)'),
    ifNameToIndex: c.func('uint32_t if_nametoindex(const char *)'),
    ifIndexToName: c.func('uint64_t if_indextoname(uint32_t, uint64_t)'),
    errno: () => koffi.errno(),
    addressOf: (memory) => Number(koffi.address(memory)),
    poll: (fd, onReady) => koffi.node.poll(fd, onReady),
  };
}

import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

// Ports are drawn from below the range that the system hands out by itself, so that no client socket takes one between
// its choice and its use.
const first = 20_000;
const last = 32_000;
const handedOut = new Set<number>();

/** `count` ports that are free for UDP and TCP at 127.0.0.1 and, where the machine has it, at ::1. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  return ports;
}

/** Waits until the kernel lists a port as bound, for programs that do not say when they are ready. Linux only. */
export async function whenBound(
  child: ChildProcess,
  transport: 'udp' | 'tcp' | 'udp6' | 'tcp6',
  port: number,
  output: () => string = () => '',
): Promise<void> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const deadline = performance.now() + 20_000;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`${child.spawnfile} ended with code ${child.exitCode} at its start: ${output()}`);
    const sockets = readFileSync(`/proc/net/${transport}`, 'latin1').split('\n');
    if (sockets.some((line) => (line.trim().split(/\s+/)[1] ?? '').endsWith(suffix))) return;
    if (performance.now() > deadline)
      throw new Error(`${child.spawnfile} did not bind port ${port}: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1'])
    for (const code of [await tryTcp(host, port), await tryUdp(host, port)])
      if (code !== undefined && code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') return false;
  return true;
}

/** Binds and lets go; resolves to the error's code where that fails. */
function tryTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function tryUdp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'unknown');
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

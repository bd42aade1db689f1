import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../base/index.ts';
import { familyOf } from './addresses.ts';

/** Names that the machine knows without asking name servers. */
export interface HostsFile {
  /** Addresses of a name in lower case, in the file's order; empty where it is not in the file. */
  lookup(name: string): Promise<readonly string[]>;
}

const loopback: readonly string[] = ['127.0.0.1', '::1'];
const recheckMs = 5_000;

/** Reads `/etc/hosts` or the file given, and again when it changed. A missing file has no names. */
export function hostsFile(options: { readonly path: string; readonly clock: Clock }): HostsFile {
  let names: ReadonlyMap<string, readonly string[]> = new Map();
  let readVersion = '';
  let recheckAt = Number.NEGATIVE_INFINITY;
  const refresh = async (): Promise<void> => {
    const now = options.clock.mono();
    if (now < recheckAt) return;
    recheckAt = now + recheckMs;
    const status = await stat(options.path).catch(() => undefined);
    const version = status === undefined ? '' : `${status.mtimeMs} ${status.size} ${status.ino}`;
    if (version === readVersion) return;
    names = version === '' ? new Map() : parseHosts(await readFile(options.path, 'utf8').catch(() => ''));
    readVersion = version;
  };
  return {
    lookup: async (name) => {
      await refresh();
      // RFC 6761 §6.3: localhost and names under it are loopback, whatever name servers say.
      const isLocal = name === 'localhost' || name.endsWith('.localhost');
      const listed = names.get(name) ?? [];
      return isLocal ? [...new Set([...listed, ...loopback])] : listed;
    },
  };
}

/** The content of a hosts file: an address, then its names; `#` begins a comment. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...hosts] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || familyOf(address) === undefined) continue;
    for (const host of hosts) {
      const name = host.toLowerCase();
      const known = names.get(name);
      if (known === undefined) names.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return names;
}

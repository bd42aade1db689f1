import type { Clock } from '../base/index.ts';
import { familyOf } from './addresses.ts';
import { WatchedFile } from './watched-file.ts';

/** Names that the machine knows without asking name servers. */
export interface HostsFile {
  /** Grows whenever the file was read anew. */
  readonly version: number;
  /**
   * Addresses of a name in lower case, in the file's order; empty where it is not in the file. Undefined before the file
   * was first read.
   */
  lookup(name: string): readonly string[] | undefined;
  /** Looks at the file again where that is due. Never rejects. */
  refresh(): Promise<unknown>;
}

const loopback: readonly string[] = ['127.0.0.1', '::1'];

/** Reads `/etc/hosts` or the file given, and again when it changed. A missing file has no names. */
export function hostsFile(options: { readonly path: string; readonly clock: Clock }): HostsFile {
  const file = new WatchedFile({ ...options, parse: parseHosts });
  return {
    get version() {
      return file.version;
    },
    lookup: (name) => {
      const names = file.current();
      if (names === undefined) return undefined;
      const listed = names.get(name) ?? [];
      // RFC 6761 §6.3: localhost and names under it are loopback, whatever name servers say.
      const isLocal = name === 'localhost' || name.endsWith('.localhost');
      return isLocal ? [...new Set([...listed, ...loopback])] : listed;
    },
    refresh: () => file.refresh(),
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

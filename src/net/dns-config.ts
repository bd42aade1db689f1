import type { Clock } from '../base/index.ts';
import { familyOf } from './addresses.ts';
import { dnsName } from './dns-name.ts';
import { WatchedFile } from './watched-file.ts';

/** Where to ask. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** What resolv.conf(5) says, as far as it bears on this client. */
export interface DnsConfig {
  /** In order of trial; at least one. */
  readonly servers: readonly NameServer[];
  /** Domains that names with fewer than `ndots` dots are tried under first. */
  readonly search: readonly string[];
  readonly ndots: number;
}

/** The configuration as it is now. */
export interface DnsConfigSource {
  readonly version: number;
  /** Undefined before it was first read. */
  current(): DnsConfig | undefined;
  /** Looks at the file again where that is due. Never rejects. */
  refresh(): Promise<DnsConfig>;
}

const dnsPort = 53;
const serversMax = 8;
const searchMax = 6;
const ndotsMax = 15;
/** What resolv.conf(5) names as the server where none is given. */
const localServer: NameServer = { address: '127.0.0.1', port: dnsPort };

/** The system's configuration, read again when it changed. */
export function systemDnsConfig(options: { readonly path: string; readonly clock: Clock }): DnsConfigSource {
  return new WatchedFile({ ...options, parse: parseResolvConf });
}

/** Servers as `address`, `address:port` or `[address]:port`, without a search list. What is none of these is left out. */
export function fixedDnsConfig(servers: readonly string[]): DnsConfigSource {
  const config = { servers: servers.flatMap((text) => parseNameServer(text) ?? []), search: [], ndots: 1 };
  return { version: 1, current: () => config, refresh: () => Promise.resolve(config) };
}

/** The content of resolv.conf. Unknown lines and options are passed over; a later `search` or `domain` replaces an earlier. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: NameServer[] = [];
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    const [value] = values;
    if (value === undefined) continue;
    if (keyword === 'nameserver') servers.push(...nameServerOf(value));
    if (keyword === 'search') search = values.flatMap((suffix) => dnsName(suffix) ?? []);
    if (keyword === 'domain') search = [dnsName(value) ?? []].flat();
    if (keyword === 'options') ndots = ndotsOf(values) ?? ndots;
  }
  return {
    servers: servers.length === 0 ? [localServer] : servers.slice(0, serversMax),
    search: search.slice(0, searchMax),
    ndots,
  };
}

function nameServerOf(address: string): readonly NameServer[] {
  return familyOf(address) === undefined ? [] : [{ address, port: dnsPort }];
}

function ndotsOf(options: readonly string[]): number | undefined {
  for (const option of options) {
    const value = /^ndots:([0-9]{1,3})$/.exec(option)?.[1];
    if (value !== undefined) return Math.min(ndotsMax, Number(value));
  }
  return undefined;
}

function parseNameServer(text: string): NameServer | undefined {
  if (familyOf(text) !== undefined) return { address: text, port: dnsPort };
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
  const address = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  const isGood = address !== undefined && familyOf(address) !== undefined && port > 0 && port <= 65_535;
  return isGood ? { address, port } : undefined;
}

import { createSocket, type Socket } from 'node:dgram';

/** What the name server knows of a name. */
export interface DnsAnswer {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly ttlS?: number;
  /** Says nothing at all. */
  readonly isSilent?: boolean;
}

/** A name server on loopback that answers A and AAAA queries from a table and counts them. */
export interface TestDns {
  readonly address: string;
  readonly queries: string[];
  readonly zone: Map<string, DnsAnswer>;
  close(): Promise<void>;
}

const typeA = 1;

export async function startDns(zone: Readonly<Record<string, DnsAnswer>>): Promise<TestDns> {
  const socket = createSocket('udp4');
  const names = new Map(Object.entries(zone));
  const queries: string[] = [];
  socket.on('message', (query, remote) => {
    const { name, type, end } = question(query);
    queries.push(`${name} ${type === typeA ? 'A' : 'AAAA'}`);
    const known = names.get(name);
    if (known?.isSilent === true) return;
    const addresses = (type === typeA ? known?.a : known?.aaaa) ?? [];
    socket.send(reply(query.subarray(0, end), { addresses, type, known }), remote.port, remote.address);
  });
  await bind(socket);
  return {
    address: `127.0.0.1:${socket.address().port}`,
    queries,
    zone: names,
    close: () => new Promise((done) => socket.close(() => done())),
  };
}

function bind(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function reply(
  query: Buffer,
  found: { addresses: readonly string[]; type: number; known: DnsAnswer | undefined },
): Buffer {
  const header = Buffer.from(query);
  // A response, recursion available; name error where the table has no such name (RFC 1035 §4.1.1).
  header.writeUInt16BE(found.known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = found.addresses.map((address) => {
    const data = addressBytes(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(found.type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(found.known?.ttlS ?? 60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, ...records]);
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [before = '', after = ''] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(before);
  const tail = groups(after);
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

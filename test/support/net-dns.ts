import { createSocket, type Socket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';

/** What the name server knows of a name. */
export interface DnsAnswer {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** `priority weight port target`. */
  readonly srv?: readonly string[];
  /** `order preference flags services regexp replacement`, with `-` for an empty field. */
  readonly naptr?: readonly string[];
  readonly cname?: string;
  readonly ttlS?: number;
  /** Says nothing at all, or nothing to questions of these types. */
  readonly isSilent?: boolean | readonly string[];
  /** Answers with this response code (2: SERVFAIL). */
  readonly rcode?: number;
  /** Answers by UDP say that they are truncated. */
  readonly isTruncated?: boolean;
  /** Sends answers under another id, to another question, and as a question before the real one. */
  readonly isNoisy?: boolean;
  /** Sends bytes that are no message under the right id. */
  readonly isGarbled?: boolean;
  /** Its answers carry the records of the alias's target too. */
  readonly isAliasResolved?: boolean;
}

/** A name server on loopback that answers from a table and counts what it is asked. */
export interface TestDns {
  readonly address: string;
  /** `name TYPE` in order, UDP and TCP together. */
  readonly queries: string[];
  /** Questions that came by TCP. */
  readonly tcpQueries: string[];
  readonly zone: Map<string, DnsAnswer>;
  /** Told with "no such name" and "no such record" where set (the SOA's minimum). */
  negativeTtlS: number | undefined;
  /** Knows no EDNS and answers FORMERR to it. */
  isWithoutEdns: boolean;
  /** Answers wait here until the test lets them go; answered at once where undefined. */
  held: (() => void)[] | undefined;
  close(): Promise<void>;
}

type Respond = (bytes: Buffer) => void;

/** Starts a server for a zone; names in lower case without a final dot. */
export async function startDns(zone: Readonly<Record<string, DnsAnswer>>): Promise<TestDns> {
  const { udp, tcp, port } = await bindBoth();
  const connections = new Set<TcpSocket>();
  const dns: TestDns = {
    address: `127.0.0.1:${port}`,
    queries: [],
    tcpQueries: [],
    zone: new Map(Object.entries(zone)),
    negativeTtlS: undefined,
    isWithoutEdns: false,
    held: undefined,
    close: async () => {
      for (const connection of connections) connection.destroy();
      await new Promise<void>((done) => tcp.close(() => done()));
      await new Promise<void>((done) => udp.close(() => done()));
    },
  };
  udp.on('message', (query, remote) => {
    serve(dns, query, { isTcp: false, respond: (bytes) => udp.send(bytes, remote.port, remote.address) });
  });
  tcp.on('connection', (connection) => {
    connections.add(connection);
    connection.on('error', () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
    connection.once('data', (bytes: Buffer) => {
      serve(dns, bytes.subarray(2), {
        isTcp: true,
        respond: (reply) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          // In two pieces, as networks do.
          connection.write(length);
          connection.write(reply);
        },
      });
    });
  });
  return dns;
}

function serve(dns: TestDns, bytes: Buffer, from: { isTcp: boolean; respond: Respond }): void {
  const query = decode(bytes);
  const [question] = query.questions ?? [];
  if (question === undefined) return;
  dns.queries.push(`${question.name} ${question.type}`);
  if (from.isTcp) dns.tcpQueries.push(`${question.name} ${question.type}`);
  const known = dns.zone.get(question.name);
  const isSilent =
    typeof known?.isSilent === 'object' ? known.isSilent.includes(question.type) : known?.isSilent === true;
  if (isSilent) return;
  const send = (): void => answer(dns, { query, question, known, ...from });
  if (dns.held === undefined) send();
  else dns.held.push(send);
}

function answer(
  dns: TestDns,
  at: {
    query: Packet;
    question: Question;
    known: DnsAnswer | undefined;
    isTcp: boolean;
    respond: Respond;
  },
): void {
  const { query, question, known, respond } = at;
  const reply = (changes: Packet & { readonly rcode?: number }): Buffer =>
    encode({
      type: 'response',
      id: query.id ?? 0,
      flags: 0x0180 | (changes.rcode ?? 0) | (changes.flags ?? 0),
      questions: changes.questions ?? [question],
      answers: changes.answers ?? [],
      authorities: changes.authorities ?? [],
    });
  if (dns.isWithoutEdns && query.additionals?.some((record) => record.type === 'OPT') === true) {
    respond(reply({ rcode: 1 }));
    return;
  }
  if (known?.isNoisy === true) {
    const lie: Answer[] = [{ type: 'A', name: question.name, ttl: 60, data: '203.0.113.66' }];
    const other = Buffer.from(reply({ answers: lie }));
    other.writeUInt16BE(((query.id ?? 0) + 1) & 0xffff, 0);
    respond(other);
    respond(reply({ questions: [{ ...question, name: 'other.example' }], answers: lie }));
    respond(reply({ questions: [{ ...question, type: 'TXT' }], answers: lie }));
    const asked = Buffer.from(reply({ answers: lie }));
    asked.writeUInt16BE(asked.readUInt16BE(2) & 0x7fff, 2);
    respond(asked);
  }
  if (known?.isGarbled === true) {
    const broken = Buffer.alloc(20, 0xff);
    broken.writeUInt16BE(query.id ?? 0, 0);
    broken.writeUInt16BE(0x8180, 2);
    respond(broken);
    return;
  }
  if (known?.rcode !== undefined) {
    respond(reply({ rcode: known.rcode }));
    return;
  }
  if (known?.isTruncated === true && !at.isTcp) {
    respond(reply({ flags: 0x0200 }));
    return;
  }
  const answers = recordsFor(dns.zone, question);
  const authorities = answers.length === 0 ? negative(dns) : [];
  respond(reply({ answers, authorities, rcode: known === undefined ? 3 : 0 }));
}

function recordsFor(
  zone: ReadonlyMap<string, DnsAnswer>,
  question: Pick<Question, 'name' | 'type'>,
): Answer[] {
  const { name, type } = question;
  const known = zone.get(name);
  if (known === undefined) return [];
  const ttl = known.ttlS ?? 60;
  if (known.cname !== undefined) {
    const alias: Answer = { type: 'CNAME', name, ttl, data: known.cname };
    const more =
      known.isAliasResolved === true ? recordsFor(zone, { name: known.cname.toLowerCase(), type }) : [];
    return [alias, ...more];
  }
  switch (type) {
    case 'A':
      return (known.a ?? []).map((data) => ({ type, name, ttl, data }));
    case 'AAAA':
      return (known.aaaa ?? []).map((data) => ({ type, name, ttl, data }));
    case 'SRV':
      return (known.srv ?? []).map((text) => ({ type, name, ttl, data: srvData(text) }));
    case 'NAPTR':
      return (known.naptr ?? []).map((text) => ({ type, name, ttl, data: naptrData(text) }));
    default:
      return [];
  }
}

/** The fields of `priority weight port target`. */
export function srvData(text: string): { priority: number; weight: number; port: number; target: string } {
  const [priority = '', weight = '', port = '', target = ''] = text.split(' ');
  return { priority: Number(priority), weight: Number(weight), port: Number(port), target };
}

/** The fields of `order preference flags services regexp replacement`. */
export function naptrData(text: string): {
  order: number;
  preference: number;
  flags: string;
  services: string;
  regexp: string;
  replacement: string;
} {
  const [order = '', preference = '', ...rest] = text.split(' ');
  const [flags = '', services = '', regexp = '', replacement = ''] = rest.map((field) =>
    field === '-' ? '' : field,
  );
  return { order: Number(order), preference: Number(preference), flags, services, regexp, replacement };
}

function negative(dns: TestDns): Answer[] {
  if (dns.negativeTtlS === undefined) return [];
  const data = { mname: 'ns.example', rname: 'root.example', minimum: dns.negativeTtlS };
  return [{ type: 'SOA', name: 'example', ttl: 3600, data }];
}

async function bindBoth(): Promise<{ udp: Socket; tcp: Server; port: number }> {
  for (;;) {
    const tcp = createServer();
    await new Promise<void>((done) => tcp.listen(0, '127.0.0.1', done));
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    const isBound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => resolve(true));
    });
    if (isBound) return { udp, tcp, port };
    udp.close();
    await new Promise<void>((done) => tcp.close(() => done()));
  }
}

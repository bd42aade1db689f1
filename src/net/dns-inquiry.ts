import type { CodedError, Random } from '../base/index.ts';
import { endpointText } from './addresses.ts';
import type { NameServer } from './dns-config.ts';
import {
  askByTcp,
  askByUdp,
  type Exchange,
  type ExchangeOptions,
  type ExchangeResult,
} from './dns-exchange.ts';
import type { DnsReply } from './dns-message.ts';
import type { DnsQuestion } from './dns-types.ts';

export interface InquiryOptions {
  readonly question: DnsQuestion;
  /** In order of trial. */
  readonly servers: readonly NameServer[];
  /** For the question as a whole. */
  readonly timeoutMs: number;
  /** How long a server is waited for alone; then the next one is asked beside it. */
  readonly patienceMs: number;
  readonly random: Random;
}

export type InquiryResult =
  | Extract<DnsReply, { readonly kind: 'records' | 'alias' | 'absent' }>
  | { readonly kind: 'failed'; readonly error: CodedError };

/** One question to the servers in turn, round and round until the time is up. Each may still answer while others are asked. */
export class Inquiry {
  readonly #options: InquiryOptions;
  /** Servers that have not failed, in order of their next turn. */
  readonly #turns: NameServer[];
  readonly #exchanges = new Map<Exchange, NameServer>();
  readonly #asked = new Set<NameServer>();
  readonly #overdue = new Set<NameServer>();
  readonly #reasons: string[] = [];
  #patience: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;
  #settle: ((result: InquiryResult) => void) | undefined;

  constructor(options: InquiryOptions) {
    this.#options = options;
    this.#turns = [...options.servers];
  }

  /** Asks; to be called once. Never rejects. */
  run(): Promise<InquiryResult> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#limit = setTimeout(() => this.#timeOut(), Math.max(1, this.#options.timeoutMs));
      this.#askNext();
    });
  }

  /** Ends it without an answer. May be called twice. */
  stop(): void {
    this.#end({ kind: 'failed', error: { code: 'net.stopped', message: 'the resolver is stopped' } });
  }

  /** Servers that left the question without any answer for longer than the patience. */
  silentServers(): readonly NameServer[] {
    return [...this.#overdue];
  }

  #askNext(): void {
    const server = this.#turns.shift();
    if (server === undefined) {
      const message = this.#reasons.length === 0 ? 'no name server is known' : this.#reasons.join('; ');
      this.#end({ kind: 'failed', error: { code: 'net.nameServersFailed', message } });
      return;
    }
    this.#turns.push(server);
    this.#asked.add(server);
    this.#exchange(server, { edns: true, ask: askByUdp });
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#overdue.add(server);
      this.#askNext();
    }, this.#options.patienceMs);
  }

  #exchange(
    server: NameServer,
    how: { readonly edns: boolean; readonly ask: (options: ExchangeOptions) => Exchange },
  ): void {
    const { question, random } = this.#options;
    const exchange: Exchange = how.ask({
      server,
      question,
      id: Math.floor(random.fraction() * 65_536),
      edns: how.edns,
      onResult: (result) => {
        this.#exchanges.delete(exchange);
        this.#overdue.delete(server);
        this.#take(server, how.edns, result);
      },
    });
    this.#exchanges.set(exchange, server);
  }

  #take(server: NameServer, edns: boolean, result: ExchangeResult): void {
    switch (result.kind) {
      case 'records':
      case 'alias':
      case 'absent':
        this.#end(result);
        return;
      case 'truncated':
        this.#exchange(server, { edns, ask: askByTcp });
        return;
      case 'refused':
        // RFC 6891 §7: a server that does not know EDNS is asked again without.
        if (edns && result.doubtsEdns) this.#exchange(server, { edns: false, ask: askByUdp });
        else this.#drop(server, rcodeText(result.rcode));
        return;
      default:
        this.#drop(server, result.why);
    }
  }

  /** Takes a server out that gave no useful answer; one that was not asked yet gets its turn at once. */
  #drop(server: NameServer, why: string): void {
    this.#reasons.push(`${endpointText(server)}: ${why}`);
    for (const [exchange, asked] of this.#exchanges) {
      if (asked !== server) continue;
      exchange.close();
      this.#exchanges.delete(exchange);
    }
    const at = this.#turns.indexOf(server);
    if (at >= 0) this.#turns.splice(at, 1);
    const [next] = this.#turns;
    if (next === undefined || !this.#asked.has(next)) this.#askNext();
  }

  #timeOut(): void {
    const silence = `no answer in ${Math.round(this.#options.timeoutMs)} ms`;
    const message = [silence, ...this.#reasons].join('; ');
    this.#end({ kind: 'failed', error: { code: 'net.nameTimeout', message } });
  }

  #end(result: InquiryResult): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#limit);
    for (const exchange of this.#exchanges.keys()) exchange.close();
    this.#exchanges.clear();
    this.#settle?.(result);
    this.#settle = undefined;
  }
}

const rcodeNames: ReadonlyMap<number, string> = new Map([
  [1, 'FORMERR'],
  [2, 'SERVFAIL'],
  [4, 'NOTIMP'],
  [5, 'REFUSED'],
]);

function rcodeText(rcode: number): string {
  return rcodeNames.get(rcode) ?? `response code ${rcode}`;
}

import type { Clock, CodedError, Random } from '../base/index.ts';
import { endpointText } from './addresses.ts';
import type { DnsConfigSource, NameServer } from './dns-config.ts';
import { Inquiry, type InquiryResult } from './dns-inquiry.ts';
import { aliasLinksMax } from './dns-message.ts';
import type { DnsOutcome, DnsQuestion } from './dns-types.ts';

export interface DnsClientOptions {
  readonly config: DnsConfigSource;
  readonly clock: Clock;
  readonly random: Random;
  /** For a question as a whole, whatever number of servers and aliases it takes. */
  readonly timeoutMs: number;
  /** A server that has said nothing for this long is not waited for alone: the next one is asked beside it. */
  readonly patienceMs: number;
  /** Questions under way at once; more fail at once. */
  readonly questionsMax: number;
}

/** For how long a server that stayed silent while another answered is asked last. */
const demotedMs = 30_000;

/**
 * Asks name servers: the first by UDP, the next ones where it fails or is slow, TCP where an answer is too large. Keeps
 * no answers. Questions do not affect one another.
 */
export class DnsClient {
  readonly #options: DnsClientOptions;
  readonly #demotedUntil = new Map<string, number>();
  readonly #inquiries = new Set<Inquiry>();
  #underWay = 0;
  #questions = 0;
  #failures = 0;
  #isStopped = false;

  constructor(options: DnsClientOptions) {
    this.#options = options;
  }

  /** Questions asked so far, and those of them without an answer. */
  counts(): { readonly questions: number; readonly failures: number } {
    return { questions: this.#questions, failures: this.#failures };
  }

  /** Questions under way. */
  get size(): number {
    return this.#underWay;
  }

  /** The answer, CNAMEs followed. Never rejects. */
  async ask(question: DnsQuestion): Promise<DnsOutcome> {
    if (this.#underWay >= this.#options.questionsMax) {
      return failed('net.nameServersFailed', `${this.#underWay} questions wait for name servers already`);
    }
    this.#questions += 1;
    this.#underWay += 1;
    const outcome = await this.#follow(question);
    this.#underWay -= 1;
    if (outcome.kind === 'failed') this.#failures += 1;
    return outcome;
  }

  async #follow(question: DnsQuestion): Promise<DnsOutcome> {
    const { servers } = await this.#options.config.refresh();
    const deadline = this.#options.clock.mono() + this.#options.timeoutMs;
    let asked = question;
    let ttlS = Number.POSITIVE_INFINITY;
    for (let links = 0; links <= aliasLinksMax; ) {
      const reply = await this.#inquire(asked, servers, deadline - this.#options.clock.mono());
      if (reply.kind === 'failed') return reply;
      if (reply.kind !== 'alias') return capped(reply, ttlS);
      ttlS = Math.min(ttlS, reply.ttlS);
      links += reply.links;
      asked = { name: reply.target, type: question.type };
    }
    return failed(
      'net.nameServersFailed',
      `"${question.name}" leads through more than ${aliasLinksMax} CNAMEs`,
    );
  }

  /** Ends what is under way; every question fails from now on. May be called twice. */
  stop(): void {
    this.#isStopped = true;
    for (const inquiry of this.#inquiries) inquiry.stop();
  }

  async #inquire(
    question: DnsQuestion,
    servers: readonly NameServer[],
    timeoutMs: number,
  ): Promise<InquiryResult> {
    if (this.#isStopped) return failed('net.stopped', 'the resolver is stopped');
    const inquiry = new Inquiry({
      question,
      servers: this.#inOrder(servers),
      timeoutMs,
      patienceMs: this.#options.patienceMs,
      random: this.#options.random,
    });
    this.#inquiries.add(inquiry);
    const result = await inquiry.run();
    this.#inquiries.delete(inquiry);
    if (result.kind !== 'failed') this.#demote(inquiry.silentServers());
    return result;
  }

  #inOrder(servers: readonly NameServer[]): readonly NameServer[] {
    if (this.#demotedUntil.size === 0) return servers;
    const now = this.#options.clock.mono();
    const isDemoted = (server: NameServer): boolean =>
      now < (this.#demotedUntil.get(endpointText(server)) ?? Number.NEGATIVE_INFINITY);
    return [...servers.filter((server) => !isDemoted(server)), ...servers.filter(isDemoted)];
  }

  #demote(servers: readonly NameServer[]): void {
    const until = this.#options.clock.mono() + demotedMs;
    for (const server of servers) this.#demotedUntil.set(endpointText(server), until);
  }
}

function capped(
  reply: Extract<InquiryResult, { readonly kind: 'records' | 'absent' }>,
  ttlS: number,
): DnsOutcome {
  if (reply.kind === 'records') {
    return { kind: 'records', records: reply.records, ttlS: Math.min(ttlS, reply.ttlS) };
  }
  const isKnown = reply.ttlS !== undefined;
  return { ...reply, ttlS: isKnown ? Math.min(ttlS, reply.ttlS) : undefined };
}

function failed(code: string, message: string): { readonly kind: 'failed'; readonly error: CodedError } {
  return { kind: 'failed', error: { code, message } };
}

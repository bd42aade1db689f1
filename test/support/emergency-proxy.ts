import { boundaryId, datasetId, serviceUrn } from '../../src/base/index.ts';
import {
  type BoundaryLookup,
  type CallOptions,
  type CallRecord,
  type IngressRules,
  type LocateOptions,
  routeRequest,
} from '../../src/esrp/index.ts';
import type { SipMessage, SipRequest } from '../../src/sip/message/index.ts';
import type { Transport } from '../../src/sip/transaction/index.ts';
import { testLocateOptions } from './emergency-messages.ts';
import { LocationWorld } from './location-ports.ts';
import { describe as inWords, type Peer, ProxyHarness } from './proxy-harness.ts';

const rules: IngressRules = {
  name: 'test',
  dialStrings: new Map([['911', serviceUrn('urn:service:sos')]]),
  keepDialString: false,
  defaultRouteUri: 'sip:default@192.0.2.21',
  nonEmergency: 'proxy',
  mode: 'proxy',
  redirects: 'recurse',
  defaultPlace: undefined,
};

/**
 * The proxy core with the real call flow behind its questions: an emergency request goes to the PSAP (`psap`), or where
 * it has no location to the default route (`fallback`); any other is proxied on by its Request-URI (`bob`, who answers
 * to every name and to the deck's addresses).
 */
export class EmergencyProxy {
  readonly harness = new ProxyHarness();
  readonly caller: Peer;
  readonly psap: Peer;
  readonly fallback: Peer;
  readonly bob: Peer;
  readonly records: CallRecord[] = [];
  /** What the boundaries say; a test may put another in its place. */
  lookup: BoundaryLookup = everywhere;
  /** What lies elsewhere. */
  readonly world: LocationWorld;
  readonly #options: CallOptions;

  constructor(
    transport: Transport = 'udp',
    changes: Partial<IngressRules> = {},
    locate: Partial<LocateOptions> = {},
  ) {
    const { harness } = this;
    this.caller = harness.peer('192.0.2.7', 5060, transport);
    this.psap = harness.peer('192.0.2.20');
    this.fallback = harness.peer('192.0.2.21');
    this.bob = harness.peer('192.168.10.20');
    for (const name of names) harness.names.set(name, ['192.168.10.20']);
    this.#options = {
      ingressOf: () => ({ ...rules, ...changes }),
      isOwnAddress: ({ host, port }) => host === '192.0.2.1' && (port ?? 5060) === 5060,
      identityDomain: 'esrp.example.net',
      resourcePriority: 'esnet.1',
      ringTimeoutMs: 60_000,
      lastRingTimeoutMs: 180_000,
      silenceTimeoutMs: 5_000,
      lookupDeadlineMs: 500,
      supply: { isOn: true, profileOf: () => 'nena-i3', publisher: undefined, provider: 'esrp.example.net' },
      locate: { ...testLocateOptions, ...locate },
      retention: { keepsDocumentRetention: true, locationRetentionMs: 365 * 86_400_000 },
    };
    this.world = new LocationWorld(harness.clock, (at) => harness.wait(at - harness.clock.mono()));
  }

  /** Sends bytes from the caller and lets the call flow decide. */
  async send(text: string | Buffer): Promise<SipMessage> {
    const message = this.caller.send(text);
    await this.settle();
    return message;
  }

  /** Answers what the core asks about, until it asks no more. */
  async settle(): Promise<void> {
    const { harness } = this;
    for (;;) {
      const question = [...harness.questions.values()].find((each) => each.kind === 'decide');
      if (question?.kind !== 'decide') return;
      harness.questions.delete(question.id);
      const { request, flow } = question;
      const { decision, record } = await this.world.until(
        routeRequest(request, flow, this.#options, {
          lookup: this.lookup,
          locations: this.world.ports(),
          clock: harness.clock,
          random: harness.random,
          logger: silent,
        }),
      );
      if (record !== undefined) this.records.push(record);
      harness.input({ kind: 'decided', id: question.id, decision });
    }
  }

  /** Who got what, in words: `psap INVITE, caller 100`. Empties the inboxes of none. */
  get delivered(): string {
    const peers = { psap: this.psap, fallback: this.fallback, bob: this.bob, caller: this.caller };
    const words = Object.entries(peers).flatMap(([name, peer]) =>
      peer.inbox
        .filter((message) => message.kind === 'request' || message.statusCode !== 100)
        .map((message) => `${name} ${inWords(message)}`),
    );
    return words.join(', ') || 'nothing';
  }

  /** What is noted on the record of the last emergency request. */
  get warnings(): readonly string[] {
    return this.records.at(-1)?.warnings.map((warning) => warning.code) ?? [];
  }
}

/** The request that a peer got; fails where the last thing it got is none. */
export function gotRequest(peer: Peer): SipRequest {
  const last = peer.inbox.at(-1);
  if (last?.kind !== 'request') throw new Error(`no request but ${inWords(last)}`);
  return last;
}

const names = [
  'atlanta.com',
  'biloxi.com',
  'pc33.atlanta.com',
  'server10.biloxi.com',
  'app_IM.atlanta.com',
  'jdoe.cisco.com',
  'gateway.com',
  'country.gov',
  'example.com',
];

const everywhere: BoundaryLookup = {
  byPoint: () => Promise.resolve({ kind: 'found', rule: 'covers', matches: [boundary] }),
  byArea: () =>
    Promise.resolve({ kind: 'found', rule: 'overlap', matches: [{ ...boundary, share: 1 }], total: 1 }),
  byCivic: () => Promise.resolve({ kind: 'found', rule: 'areaName', matches: [boundary] }),
  nearest: () => Promise.resolve({ kind: 'found', rule: 'nearest', matches: [boundary], distanceM: 1 }),
};

const boundary = {
  boundaryId: boundaryId('urn:emergency:uid:gis:PsapPolygon:1:example.net'),
  datasetId: datasetId(1),
  displayName: 'Test PSAP',
  serviceUrn: serviceUrn('urn:service:sos'),
  serviceUri: 'sip:psap@192.0.2.20',
  serviceNumber: '911',
  agencyId: undefined,
  priority: 0,
};

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

import { XmlDocument } from 'libxml2-wasm';
import { expect } from 'vitest';
import { serviceUrn } from '../../src/base/index.ts';
import type { OtherServer } from '../../src/ecrf/index.ts';
import type { LostClientRule } from '../../src/http/index.ts';
import { LostEndpoint } from '../../src/http/index.ts';
import { type World, type WorldOptions, world } from '../unit/ecrf/support.ts';
import { startTestServer } from '../unit/http/test-server.ts';
import { type LostGrammar, lostErrorsBy } from './lost-schema.ts';
import { schemasSkipped } from './schemas.ts';

// LoST over HTTP at a port of its own: bytes go in, bytes come out, and neither our reader nor our writer has a say in how
// a test makes its questions and looks at the answers.

/** The namespaces that questions and answers are looked at with. */
export const ns = {
  l: 'urn:ietf:params:xml:ns:lost1',
  slb: 'urn:ietf:params:xml:ns:lost1:slb',
  sync: 'urn:ietf:params:xml:ns:lostsync1',
  gml: 'http://www.opengis.net/gml',
  gs: 'http://www.opengis.net/pidflo/1.0',
  ca: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr',
  ids: 'urn:emergency:xml:ns:lostExt:Ids',
  pc: 'urn:ietf:params:xml:ns:lostPlannedChange1',
  rli: 'urn:ietf:params:xml:ns:lost-rli1',
} as const;

/** An answer, held to its schema. */
export interface LostReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Name of the root element. */
  readonly root: string;
  /** The texts of all nodes that an XPath finds. */
  all(xpath: string): readonly string[];
  /** The text of the only node that an XPath finds; undefined where it finds none. */
  one(xpath: string): string | undefined;
}

export interface LostServer {
  readonly world: World;
  readonly url: string;
  /** Sends a document and looks at the answer, which must be one of LoST. */
  ask(document: string | Uint8Array, options?: AskOptions): Promise<LostReply>;
  /** Sends anything. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export interface AskOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LostServerOptions extends WorldOptions {
  readonly isOpen?: boolean;
  readonly clients?: readonly LostClientRule[];
}

/** Serves a world of boxes over HTTP. */
export async function startLostServer(given: LostServerOptions = {}): Promise<LostServer> {
  const { isOpen = true, clients = [], ...worldOptions } = given;
  const here = world(worldOptions);
  const silent = (): void => undefined;
  const server = await startTestServer({
    ports: {
      lost: new LostEndpoint({
        service: here.ecrf,
        isOpen,
        clients,
        apiKeys: { find: async () => undefined, replace: async () => undefined, hasAny: async () => true },
        altNames: () => [],
        limits: { concurrentMax: 8, bytesMax: 131_072, syncBytesMax: 131_072 },
        logger: { debug: silent, info: silent, warn: silent, error: silent },
      }),
    },
  });
  return {
    world: here,
    url: server.url,
    ask: async (document, { path = '/lost', headers = {} } = {}) => {
      const response = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/lost+xml', 'cache-control': 'no-cache', ...headers },
        body: typeof document === 'string' ? document : Buffer.from(document),
      });
      return replyOf(response, await response.text());
    },
    fetch: (path, init) => fetch(`${server.url}${path}`, init),
    stop: server.stop,
  };
}

function replyOf(response: Response, text: string): LostReply {
  if (schemasSkipped === '') expect(lostErrorsBy(grammarOf(text), text), text).toEqual([]);
  const all = (xpath: string): readonly string[] => {
    const document = XmlDocument.fromString(text);
    try {
      return document.find(xpath, ns).map((node) => node.content);
    } finally {
      document.dispose();
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    text,
    root: /<([A-Za-z]+)[\s/>]/.exec(text.replace(/^<\?.*?\?>/, ''))?.[1] ?? '',
    all,
    one: (xpath) => {
      const found = all(xpath);
      expect(found.length, `${xpath} in ${text}`).toBeLessThanOrEqual(1);
      return found[0];
    },
  };
}

/** The strictest grammar that has room for what stands in an answer. */
function grammarOf(text: string): LostGrammar {
  if (text.includes(ns.sync) && !text.includes('<errors')) return 'sync';
  if (text.includes(ns.slb)) return 'slb';
  return /<(?:SRSInvalid|locationValidationUnavailable)\b/.test(text) ? 'amended' : 'published';
}

const xmlns = `xmlns="${ns.l}" xmlns:gml="${ns.gml}" xmlns:gs="${ns.gs}"`;

/** A location at a longitude and a latitude. */
export function at(lon: number, lat: number, id = 'here'): string {
  return location(
    `<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${lat} ${lon}</gml:pos></gml:Point>`,
    { id },
  );
}

/** A location with an address. */
export function address(elements: Readonly<Record<string, string>>, id = 'here'): string {
  const children = Object.entries(elements).map(([name, value]) => `<${name}>${value}</${name}>`);
  return location(`<civicAddress xmlns="${ns.ca}">${children.join('')}</civicAddress>`, {
    id,
    profile: 'civic',
  });
}

/** A location with anything in it; without a profile where that is empty. */
export function location(inside: string, { id = 'here', profile = 'geodetic-2d' } = {}): string {
  return `<location id="${id}"${profile === '' ? '' : ` profile="${profile}"`}>${inside}</location>`;
}

/** A findService; `more` stands behind the service. */
export function findService(
  locations: string,
  { service = 'urn:service:sos', attributes = '', more = '' } = {},
): string {
  return `<findService ${xmlns} ${attributes}>${locations}<service>${service}</service>${more}</findService>`;
}

/** A listServicesByLocation; all services where `service` is undefined. */
export function listByLocation(
  locations: string,
  { service, attributes = '', more = '' }: { service?: string; attributes?: string; more?: string } = {},
): string {
  const named = service === undefined ? '' : `<service>${service}</service>`;
  return `<listServicesByLocation ${xmlns} ${attributes}>${locations}${named}${more}</listServicesByLocation>`;
}

/** A listServices; all services where `service` is undefined. */
export function listServices(service?: string): string {
  const named = service === undefined ? '' : `<service>${service}</service>`;
  return `<listServices ${xmlns}>${named}</listServices>`;
}

/** A getServiceBoundary. */
export function getServiceBoundary(key: string): string {
  return `<getServiceBoundary ${xmlns} key="${key}"/>`;
}

/** A path of servers. */
export function pathOf(...sources: readonly string[]): string {
  return `<path>${sources.map((source) => `<via source="${source}"/>`).join('')}</path>`;
}

/** Another server, which answers for every emergency service everywhere. */
export function otherServer(name = 'child.example'): OtherServer {
  return { name, role: 'child', services: [serviceUrn('urn:service:sos')], coverage: [] };
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  defaultLostAnswerLimits,
  defaultLostRequestLimits,
  readLostAnswer,
  readLostRequest,
  writeLostAnswer,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { arbitraryAnswer, arbitraryRequest } from '../support/lost-contents.ts';
import { mutateLocation } from './location-mutate.ts';
import { worstCases } from './location-worst.ts';
import type { Fraction } from './mutate.ts';

/** Whom an input is given to. */
export type LostTarget = 'request' | 'answer';

/** What is read, and by whom. */
export interface LostInput {
  readonly target: LostTarget;
  readonly bytes: Buffer;
}

/** Answers come from servers that are known: theirs may be larger, and take longer by as much. */
const answerLimits = {
  ...defaultLostAnswerLimits,
  xml: { ...defaultLostRequestLimits.xml, elementsMax: 4_000 },
};

/**
 * Gives an input to its reader, writes what came out, and reads that again. Throws where anything throws, where numbers are
 * none, and where what was written is not read. Returns whether the input was read at all.
 */
export function exercise({ target, bytes }: LostInput): boolean {
  if (target === 'request') {
    const request = readLostRequest(bytes, defaultLostRequestLimits);
    if (!request.ok) return false;
    requireNumbers(request.value);
    const again = readLostRequest(Buffer.from(writeLostRequest(request.value)), roomy(bytes));
    if (!again.ok) throw new Error(`a request is not read again: ${again.error.code} ${again.error.message}`);
    return true;
  }
  const answer = readLostAnswer(bytes, answerLimits);
  if (!answer.ok) return false;
  requireNumbers(answer.value);
  const again = readLostAnswer(Buffer.from(writeLostAnswer(answer.value)), defaultLostAnswerLimits);
  if (!again.ok) throw new Error(`an answer is not read again: ${again.error.code} ${again.error.message}`);
  return true;
}

/** Reading alone, which is what a call waits for. */
export function readOnly({ target, bytes }: LostInput): void {
  if (target === 'request') readLostRequest(bytes, defaultLostRequestLimits);
  else readLostAnswer(bytes, answerLimits);
}

/** What was repaired takes more room. */
function roomy(bytes: Buffer): typeof defaultLostRequestLimits {
  const { xml } = defaultLostRequestLimits;
  const wide = {
    ...xml,
    bytesMax: xml.bytesMax + 20 * bytes.length + 100_000,
    elementsMax: 40_000,
    textMax: 10_000_000,
  };
  return { ...defaultLostRequestLimits, xml: { ...wide, depthMax: 64, attributesMax: 256 } };
}

function requireNumbers(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('a number that is none');
  if (typeof value !== 'object' || value === null || value instanceof Map) return;
  if ('localName' in value) return;
  for (const each of Object.values(value)) requireNumbers(each);
}

/** What mutations start from: documents of ours, which are faultless, and those of the vectors folder where there is one. */
export function lostCorpus(
  vectors: string | undefined,
  seed: number,
): Readonly<Record<LostTarget, Buffer[]>> {
  const requests = fc.sample(arbitraryRequest, { seed, numRuns: 80 }).map(writeLostRequest);
  const answers = fc.sample(arbitraryAnswer, { seed, numRuns: 80 }).map(writeLostAnswer);
  const published = ['lost/rfc5222', 'lost/negative', 'fuzz/xml'].flatMap((folder) =>
    filesIn(vectors, folder),
  );
  return {
    request: [...requests.map((text) => Buffer.from(text)), ...published],
    answer: [...answers.map((text) => Buffer.from(text)), ...published],
  };
}

/** One change or several: those of locations, and those of what is LoST's alone. */
export function mutateLost(corpus: readonly Buffer[], fraction: Fraction): Buffer {
  const bytes = mutateLocation(corpus, fraction);
  if (fraction() < 0.6) return bytes;
  let text = bytes.toString('latin1');
  const swap = swaps[Math.floor(fraction() * swaps.length)];
  if (swap !== undefined) text = swap(text);
  return Buffer.from(text, 'latin1');
}

const swaps: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll('urn:ietf:params:xml:ns:lost1', ''),
  (text) => text.replace(/ xmlns(?::[a-z0-9]+)?="[^"]*"/g, ''),
  (text) => text.replaceAll('urn:ietf:params:xml:ns:lost1', 'urn:ietf:params:xml:ns:lostsync1'),
  (text) => text.replace(/(?<=<\/?)([a-z]+):/g, ''),
  (text) => text.replaceAll('profile="civic"', 'profile="geodetic-2d"'),
  (text) => text.replace(/ id="[^"]*"/g, ''),
  (text) => text.replace(/(lastUpdated|expires)="[^"]*"/g, '$1="NO-CACHE"'),
  (text) => text.replace(/[0-9]{4}-[0-9]{2}-[0-9]{2}T/g, '9999-99-99T'),
  (text) => text.replaceAll('<path>', '<path><via/><via source=""/><via source=" "/>'),
  (text) => text.replaceAll('findServiceResponse', 'findService'),
  (text) => text.replaceAll('<mapping', '<serviceBoundary'),
  (text) => text.replaceAll('gml:Polygon', 'gml:MultiSurface'),
  (text) => text.replaceAll('</location>', '</location><location/>'),
];

/** An input that is as bad as its kind can be. */
export interface LostWorstCase extends LostInput {
  readonly name: string;
}

/** The worst locations as locations of requests and as boundaries of answers, and what is LoST's alone at its limits. */
export function lostWorstCases(): readonly LostWorstCase[] {
  const declared =
    'xmlns="urn:ietf:params:xml:ns:lost1" xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"';
  const cases: LostWorstCase[] = [];
  const add = (target: LostTarget, name: string, text: string): void => {
    cases.push({ target, name: `${name} (${target})`, bytes: Buffer.from(text) });
  };
  const request = (inside: string, more = ''): string =>
    `<findService ${declared}><location id="a" profile="geodetic-2d">${inside}</location><service>urn:service:sos</service>${more}</findService>`;
  const identity = 'source="a.b" sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="NO-CACHE"';
  const answer = (inside: string): string =>
    `<findServiceResponse ${declared}><mapping ${identity}>${inside}<uri>sip:a@b</uri></mapping></findServiceResponse>`;
  for (const { target, name, bytes } of worstCases()) {
    if (target !== 'document') continue;
    const inside = /<gp:location-info>(.*)<\/gp:location-info>/s.exec(bytes.toString())?.[1];
    if (inside === undefined) continue;
    add('request', name, request(inside));
    add('answer', name, answer(`<serviceBoundary profile="geodetic-2d">${inside}</serviceBoundary>`));
  }
  const room = 120_000;
  const many = (one: string): string => one.repeat(Math.floor(room / one.length));
  add('request', 'locations', request('', many('<location id="b"><gml:Point/></location>')));
  add('request', 'vias', request('', `<path>${many('<via source="a.b"/>')}</path>`));
  add('request', 'wrappers around nothing', request(many('<a><a><a><a/></a></a></a>')));
  add(
    'request',
    'points that cannot be read',
    request(many('<Point><pos>x y</pos></Point>').slice(0, 80_000 - (80_000 % 29))),
  );
  add(
    'request',
    'elements of LoST in a location',
    request('<a>'.repeat(20) + many('<Point/>').slice(0, 24_000) + '</a>'.repeat(20)),
  );
  add(
    'request',
    'a service without end',
    request('', `<service>${'x '.repeat(room / 2)}</service>`).replace('urn:service:sos', 'y '.repeat(20)),
  );
  add('request', 'extensions', request('', many('<x:a xmlns:x="urn:x" x:b="c"><x:d/></x:a>')));
  add(
    'answer',
    'names of services',
    `<listServicesResponse ${declared}><serviceList>${'a '.repeat(room / 2)}</serviceList></listServicesResponse>`,
  );
  add(
    'answer',
    'names of elements',
    answer('').replace(
      '</mapping>',
      `</mapping><locationValidation><valid>${'a:b '.repeat(room / 4)}</valid></locationValidation>`,
    ),
  );
  add('answer', 'white space', answer(`<displayName>${' \n'.repeat(room / 2)}</displayName>`));
  add(
    'answer',
    'mappings',
    `<findServiceResponse ${declared}>${many(`<mapping ${identity}><uri>sip:a@b</uri></mapping>`)}</findServiceResponse>`,
  );
  add(
    'answer',
    'dates',
    answer('').replace('2026-01-01T00:00:00Z', `2026-01-01T00:00:00.${'0'.repeat(room)}Z`),
  );
  return cases;
}

function filesIn(vectors: string | undefined, folder: string): Buffer[] {
  if (vectors === undefined || !existsSync(join(vectors, folder))) return [];
  return readdirSync(join(vectors, folder))
    .sort()
    .map((name) => readFileSync(join(vectors, folder, name)))
    .filter(({ length }) => length > 0 && length <= 40_000);
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  writeHeldError,
  writeLocationRequest,
  writeLocationResponse,
  writePidfLo,
} from '../../src/location/index.ts';
import { requestText } from '../support/emergency-messages.ts';
import { arbitraryContent, fullAddress } from '../support/location-contents.ts';
import type { Target } from './location-targets.ts';

/** What mutations start from, by who is to read it. */
export type LocationCorpus = Readonly<Record<Target, readonly Buffer[]>>;

/** Larger ones are read as they are among the worst cases; mutated they would take all the time. */
const seedBytesMax = 40_000;

/** Documents and requests of ours, which are faultless, and those of the vectors folder where there is one. */
export function loadLocationCorpus(vectors: string | undefined, seed: number): LocationCorpus {
  const written = fc.sample(arbitraryContent, { seed, numRuns: 60 }).map(writePidfLo);
  const all = writePidfLo({
    entity: 'pres:caller@example.com',
    id: 'all',
    deviceId: 'mac:001122334455',
    shape: { kind: 'circle', center: { lon: 16.37, lat: 48.21 }, radiusM: 30 },
    civic: fullAddress(),
    confidence: { percent: 67, pdf: 'normal' },
    method: 'GPS',
    timestamp: '2026-11-23T20:00:00Z',
    noteWell: 'well',
  });
  const own = [all, ...written].map((text) => Buffer.from(text));
  const documents = [
    ...own,
    ...filesBelow(vectors, 'pidf-lo', /\.xml$/),
    ...filesBelow(vectors, 'fuzz/xml', /\.xml$/),
  ];
  return {
    document: documents,
    held: [...answersWith(written), ...documents],
    question: [...questions(), ...documents],
    message: [...ownMessages([all, ...written]), ...filesBelow(vectors, 'fuzz/mime', /\.sip$/)],
  };
}

function answersWith(written: readonly string[]): Buffer[] {
  const references = { uris: ['https://ls.example/1', 'sip:1@ls.example'], expires: '2026-11-24T20:00:00Z' };
  const answers = written.map((pidfLo, index) =>
    writeLocationResponse({ pidfLo, references: index % 3 === 0 ? references : undefined }),
  );
  return [
    writeHeldError('locationUnknown', 'not here'),
    writeLocationResponse({ references }),
    ...answers,
  ].map((text) => Buffer.from(text));
}

function questions(): Buffer[] {
  const device = [
    { kind: 'ip', address: '192.0.2.1' },
    { kind: 'uri', uri: 'sip:a@b.example' },
  ] as const;
  return [{}, { responseTime: 8_000, locationTypes: ['geodetic', 'civic'] as const }, { device }].map(
    (request) => Buffer.from(writeLocationRequest(request)),
  );
}

function ownMessages(documents: readonly string[]): Buffer[] {
  const sdp =
    'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
  const part = (type: string, id: string, body: string): string =>
    `--b1\r\nContent-Type: ${type}\r\nContent-ID: <${id}@caller.example.net>\r\n\r\n${body}\r\n`;
  const headers = [
    'Geolocation: <cid:loc@caller.example.net>;inserted-by="caller.example.net", <https://ls.example/1>',
    'Geolocation: <cid:more@caller.example.net>;loc-src=ls.example',
    'Geolocation-Routing: yes',
    'Call-Info: <cid:data@caller.example.net>;purpose=EmergencyCallData.ProviderInfo',
    'P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=23410111112222333',
  ];
  const external =
    'message/external-body; access-type="URL"; URL="https://ls.example/2"; expiration="Mon, 24 June 2030 09:00:00 GMT"; size=1200';
  const provider =
    '<EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"><DataProviderReference>a@b</DataProviderReference></EmergencyCallData.ProviderInfo>';
  const alert =
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><info><area><areaDesc>x</areaDesc><circle>32.9,-115.5 0.1</circle><polygon>38.4,-119.5 38.3,-119.0 38.1,-119.2 38.4,-119.5</polygon></area></info></alert>';
  const nested = `Content-Type: multipart/mixed;boundary=b2\r\n\r\n--b2\r\nContent-Type: application/pidf+xml\r\n\r\n${documents[0]}\r\n--b2--`;
  const bodies = documents.map((document) => [
    part('application/sdp', 'sdp', sdp),
    part('application/pidf+xml', 'loc', document),
    part(external, 'more', 'Content-Type: application/pidf+xml\r\n\r\n'),
    part('application/EmergencyCallData.ProviderInfo+xml', 'data', provider),
  ]);
  const multipart = { contentType: 'multipart/mixed;boundary=b1', headers };
  const texts = [
    ...bodies.map((parts) => requestText({ ...multipart, body: `${parts.join('')}--b1--\r\n` })),
    requestText({ ...multipart, body: `--b1\r\n${nested}\r\n--b1--\r\n` }),
    requestText({
      method: 'MESSAGE',
      contentType: 'application/EmergencyCallData.cap+xml',
      headers,
      body: alert,
    }),
    requestText({ contentType: 'application/pidf+xml', headers, body: documents[0] ?? '' }),
  ];
  return texts.map((text) => Buffer.from(text));
}

function filesBelow(vectors: string | undefined, folder: string, ending: RegExp): Buffer[] {
  if (vectors === undefined) return [];
  const path = join(vectors, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => readFileSync(join(path, name)))
    .filter((bytes) => bytes.length > 0 && bytes.length <= seedBytesMax);
}

import { describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import type { LostMapping, MappingChange } from '../../src/lost/index.ts';
import {
  defaultLostAnswerLimits,
  defaultLostRequestLimits,
  lostMoment,
  readLostAnswer,
  readLostRequest,
  writeLostAnswer,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { lostErrorsBy } from '../support/lost-schema.ts';
import { schemasSkipped } from '../support/schemas.ts';

// Synchronisation of mappings (RFC 6739): its documents in our words, and what is made of them.

const sync = 'xmlns="urn:ietf:params:xml:ns:lostsync1"';
const both = 'xmlns:sync="urn:ietf:params:xml:ns:lostsync1" xmlns="urn:ietf:params:xml:ns:lost1"';
const put = `<mapping source="authoritative.example" sourceId="7e3f" lastUpdated="2008-11-26T01:00:00Z" expires="2009-12-26T01:00:00Z">
  <displayName xml:lang="en">Leonia Police Department
  </displayName>
  <service>urn:service:sos.police</service>
  <serviceBoundary profile="urn:ietf:params:lost:location-profile:basic-civic">
    <civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>US</country><A1>NJ</A1></civicAddress>
  </serviceBoundary>
  <uri>sip:police@leonianj.example.org</uri>
  <serviceNumber>911</serviceNumber>
</mapping>`;
const coverage = put.replace(/<uri>.*<\/uri>/, '<uri/>').replace(/<serviceNumber>.*<\/serviceNumber>/, '');
const deletion =
  '<mapping source="nj.us.example" sourceId="123" lastUpdated="2008-11-01T01:00:00Z" expires="2008-11-01T01:00:00Z"/>';
const deleted = {
  kind: 'delete',
  source: 'nj.us.example',
  sourceId: '123',
  lastUpdated: lostMoment(wallMs(Date.UTC(2008, 10, 1, 1))),
};
const leonia = {
  kind: 'put',
  mapping: {
    source: 'authoritative.example',
    sourceId: '7e3f',
    displayNames: [{ text: 'Leonia Police Department', language: 'en' }],
    // The profile of the RFC's examples is read as the one that is meant.
    boundaries: [{ kind: 'civic', civics: [{ country: 'US' }] }],
    uris: ['sip:police@leonianj.example.org'],
  },
};

function request(text: string): unknown {
  const read = readLostRequest(Buffer.from(text), defaultLostRequestLimits);
  return read.ok ? read.value : read.error;
}

function answer(text: string): unknown {
  const read = readLostAnswer(Buffer.from(text), defaultLostAnswerLimits);
  return read.ok ? read.value : read.error;
}

describe('RFC 6739 §4, getMappings', () => {
  it('asks for everything by an empty element', () => {
    expect(request(`<getMappingsRequest ${sync}/>`)).toMatchObject({ kind: 'getMappings', exists: [] });
  });

  it('says what the asker has', () => {
    const text = `<getMappingsRequest ${sync}><exists><mapping-fingerprint source="authoritative.bar.example" sourceId="7e3f" lastUpdated="2006-11-01T01:00:00Z"></mapping-fingerprint></exists></getMappingsRequest>`;
    const exists = [
      {
        source: 'authoritative.bar.example',
        sourceId: '7e3f',
        lastUpdated: { text: '2006-11-01T01:00:00Z', ms: Date.UTC(2006, 10, 1, 1) },
      },
    ];
    expect(request(text)).toMatchObject({ kind: 'getMappings', exists });
  });

  it.each(['source', 'sourceId', 'lastUpdated'])('refuses a fingerprint without %s', (name) => {
    const attributes = { source: 'a.example', sourceId: '1', lastUpdated: '2006-11-01T01:00:00Z' };
    const text = Object.entries(attributes)
      .filter(([each]) => each !== name)
      .map(([each, value]) => `${each}="${value}"`)
      .join(' ');
    expect(
      request(
        `<getMappingsRequest ${sync}><exists><mapping-fingerprint ${text}/></exists></getMappingsRequest>`,
      ),
    ).toMatchObject({ code: 'lost.mappingIncomplete', type: 'badRequest' });
  });

  it('is answered by mappings, also by none', () => {
    expect(
      answer(`<sync:getMappingsResponse ${both}>${put}${deletion}</sync:getMappingsResponse>`),
    ).toMatchObject({
      kind: 'getMappingsResponse',
      changes: [leonia, deleted],
    });
    expect(answer(`<getMappingsResponse ${sync}/>`)).toMatchObject({ changes: [] });
  });
});

describe('RFC 6739 §5, pushMappings', () => {
  it.each(['pushMappings', 'pushMappingsRequest'])('%s gives mappings and deletions', (name) => {
    expect(request(`<sync:${name} ${both}>${put}${deletion}</sync:${name}>`)).toMatchObject({
      kind: 'pushMappings',
      changes: [leonia, deleted],
    });
  });

  it('tells where a region is served from by a mapping without a URI (§3)', () => {
    expect(request(`<sync:pushMappings ${both}>${coverage}</sync:pushMappings>`)).toMatchObject({
      changes: [{ kind: 'put', mapping: { source: 'authoritative.example', uris: [] } }],
    });
  });

  it.each([
    ['no mapping', '', 'lost.mappingMissing'],
    [
      'a mapping without a source',
      put.replace('source="authoritative.example"', ''),
      'lost.mappingIncomplete',
    ],
    ['a mapping without a date', put.replace(/lastUpdated="[^"]*"/, ''), 'lost.mappingIncomplete'],
    ['a mapping with a date that is none', put.replace('2008-11-26', '2008-31-26'), 'lost.mappingIncomplete'],
    ['a mapping without an expiry', put.replace(/expires="[^"]*"/, ''), 'lost.mappingIncomplete'],
  ])('is refused with %s', (_name, inside, code) => {
    expect(request(`<sync:pushMappings ${both}>${inside}</sync:pushMappings>`)).toMatchObject({
      code,
      type: 'badRequest',
    });
  });

  it('is answered by an empty element', () => {
    expect(answer(`<pushMappingsResponse ${sync} />`)).toMatchObject({ kind: 'pushMappingsResponse' });
  });

  it.each([
    ['as the answer', (errors: string) => errors],
    [
      'inside of the response',
      (errors: string) => `<pushMappingsResponse ${sync}>${errors}</pushMappingsResponse>`,
    ],
  ])('says what could not be deleted, %s', (_name, around) => {
    const errors = `<errors ${both} source="nodeA.example.com"><sync:notDeleted message="Could not delete." xml:lang="en">${deletion}</sync:notDeleted></errors>`;
    expect(answer(around(errors))).toMatchObject({
      kind: 'errors',
      source: 'nodeA.example.com',
      exceptions: [],
      notDeleted: { message: 'Could not delete.', mappings: [deleted] },
    });
  });
});

describe.skipIf(schemasSkipped !== '')(`RFC 6739 §7, what is written${schemasSkipped}`, () => {
  const mapping: LostMapping = {
    source: 'a.example',
    sourceId: '1',
    lastUpdated: lostMoment(wallMs(0)),
    expires: 'NO-EXPIRATION',
    displayNames: [],
    service: 'urn:service:sos',
    boundaries: [],
    uris: [],
  };
  const changes: readonly MappingChange[] = [
    { kind: 'put', mapping },
    { kind: 'delete', source: 'a.example', sourceId: '2', lastUpdated: lostMoment(wallMs(1_234)) },
  ];

  it('is valid', () => {
    const { source, sourceId, lastUpdated } = mapping;
    const exists = [{ source, sourceId, lastUpdated }];
    for (const text of [
      writeLostRequest({ kind: 'getMappings', exists: [] }),
      writeLostRequest({ kind: 'getMappings', exists }),
      writeLostRequest({ kind: 'pushMappings', changes }),
      writeLostAnswer({ kind: 'getMappingsResponse', changes }),
      writeLostAnswer({ kind: 'pushMappingsResponse' }),
    ]) {
      expect(lostErrorsBy('sync', text), text).toEqual([]);
    }
  });

  it('is valid by RFC 5222 where deletions failed', () => {
    const text = writeLostAnswer({
      kind: 'errors',
      source: 'a.example',
      exceptions: [],
      notDeleted: { message: 'not known here', mappings: changes.slice(1) },
    });
    expect(lostErrorsBy('published', text)).toEqual([]);
    expect(text).toContain('<notDeleted xmlns="urn:ietf:params:xml:ns:lostsync1" message="not known here"');
  });

  it('keeps a date to the last digit', () => {
    const text = deletion.replace('01:00:00Z', '01:00:00.123456789+02:00');
    const read = readLostRequest(
      Buffer.from(`<sync:pushMappings ${both}>${text}</sync:pushMappings>`),
      defaultLostRequestLimits,
    );
    expect(read.ok && writeLostRequest(read.value)).toContain(
      'lastUpdated="2008-11-01T01:00:00.123456789+02:00"',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import type { ListServicesByLocationResponse, LostRequest } from '../../src/lost/index.ts';
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

// Boundaries of service lists (RFC 6197): its documents in our words, and what is made of them.

const namespaces = 'xmlns="urn:ietf:params:xml:ns:lost1" xmlns:slb="urn:ietf:params:xml:ns:lost1:slb"';
const address =
  '<civicAddress xml:lang="en" xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>AT</country><A1>Lower Austria</A1></civicAddress>';
const path = '<path xmlns="urn:ietf:params:xml:ns:lost1"><via source="authoritative.example"/></path>';
const lowerAustria = {
  kind: 'civic',
  civics: [{ country: 'AT', elements: new Map([['A1', 'Lower Austria']]), language: 'en' }],
} as const;
const until = lostMoment(wallMs(Date.UTC(2030, 0, 1)));

function question(wanted: string): string {
  return `<listServicesByLocation ${namespaces} recursive="true"><location id="a" profile="civic">${address}</location><service>urn:service:sos</service>${wanted}</listServicesByLocation>`;
}

function answer(behind: string): string {
  return `<listServicesByLocationResponse ${namespaces}><serviceList> urn:service:sos.fire\n urn:service:sos.police </serviceList>${path}<locationUsed id="a"/>${behind}</listServicesByLocationResponse>`;
}

function read(text: string): LostRequest {
  const request = readLostRequest(Buffer.from(text), defaultLostRequestLimits);
  if (!request.ok) throw new Error(request.error.message);
  return request.value;
}

function readAnswer(text: string): unknown {
  const read = readLostAnswer(Buffer.from(text), defaultLostAnswerLimits);
  return read.ok ? read.value : read.error;
}

describe('RFC 6197 §3.1, the region of a list of services', () => {
  it.each([
    ['by value', '<slb:serviceListBoundaryRequest type="value"/>', 'value'],
    ['by reference', '<slb:serviceListBoundaryRequest type="reference"/>', 'reference'],
    ['by reference where nothing is said', '<slb:serviceListBoundaryRequest/>', 'reference'],
    ['not at all', '', undefined],
    ['with its prefix not bound', '<sl:serviceListBoundaryRequest type=" VALUE "/>', 'value'],
  ])('is asked for %s', (_name, wanted, expected) => {
    expect(read(question(wanted))).toMatchObject({ serviceListBoundary: expected, isRecursive: true });
  });

  it('is read by value', () => {
    const behind = `<slb:serviceListBoundary profile="civic" expires="2030-01-01T00:00:00Z">${address}</slb:serviceListBoundary>`;
    expect(readAnswer(answer(behind))).toMatchObject({
      services: ['urn:service:sos.fire', 'urn:service:sos.police'],
      serviceListBoundaries: [{ boundary: lowerAustria, expires: until }],
      locationUsed: 'a',
    });
  });

  it('is not to be kept where nothing says for how long', () => {
    const behind = `<slb:serviceListBoundary profile="civic">${address}</slb:serviceListBoundary>`;
    expect(readAnswer(answer(behind))).toMatchObject({ serviceListBoundaries: [{ expires: 'NO-CACHE' }] });
  });

  it('is read by reference', () => {
    const behind = '<slb:serviceListBoundaryReference source="authoritative.example" serviceListKey="12"/>';
    expect(readAnswer(answer(behind))).toMatchObject({
      serviceListBoundaries: undefined,
      serviceListBoundaryReference: { source: 'authoritative.example', key: '12' },
    });
  });
});

describe('RFC 6197 §3.2, getServiceListBoundary', () => {
  const slb = 'xmlns="urn:ietf:params:xml:ns:lost1:slb"';

  it('is read', () => {
    expect(read(`<getServiceListBoundary ${slb} serviceListKey="12"/>`)).toMatchObject({
      kind: 'getServiceListBoundary',
      key: '12',
    });
    const bare = readLostRequest(Buffer.from(`<getServiceListBoundary ${slb}/>`), defaultLostRequestLimits);
    expect(bare).toMatchObject({ ok: false, error: { code: 'lost.keyMissing', type: 'badRequest' } });
  });

  it('has its answer read', () => {
    const text = `<getServiceListBoundaryResponse ${slb}><serviceListBoundary profile="civic" expires="2030-01-01T00:00:00Z">${address}</serviceListBoundary>${path}</getServiceListBoundaryResponse>`;
    expect(readAnswer(text)).toMatchObject({
      kind: 'getServiceListBoundaryResponse',
      serviceListBoundaries: [{ boundary: lowerAustria, expires: until }],
      path: [{ source: 'authoritative.example' }],
    });
    expect(
      readAnswer(`<getServiceListBoundaryResponse ${slb}>${path}</getServiceListBoundaryResponse>`),
    ).toMatchObject({
      code: 'lost.elementMissing',
    });
  });
});

describe.skipIf(schemasSkipped !== '')(`RFC 6197 §5.1, what is written${schemasSkipped}`, () => {
  const common = { warnings: [], path: [{ source: 'a.example' }] };
  const boundary = { boundary: lowerAustria, expires: until };
  const listed: ListServicesByLocationResponse = {
    kind: 'listServicesByLocationResponse',
    services: ['urn:service:sos.fire'],
    locationUsed: 'a',
    ...common,
  };

  it.each([
    ['without a region', listed],
    ['with regions', { ...listed, serviceListBoundaries: [boundary, boundary] }],
    ['with a reference', { ...listed, serviceListBoundaryReference: { source: 'a.example', key: '12' } }],
    [
      'of the region alone',
      { kind: 'getServiceListBoundaryResponse' as const, serviceListBoundaries: [boundary], ...common },
    ],
  ])('is valid: an answer %s', (_name, each) => {
    expect(lostErrorsBy('slb', writeLostAnswer(each))).toEqual([]);
  });

  it('is valid: a request', () => {
    expect(
      lostErrorsBy('slb', writeLostRequest(read(question('<slb:serviceListBoundaryRequest/>')))),
    ).toEqual([]);
    expect(lostErrorsBy('slb', writeLostRequest({ kind: 'getServiceListBoundary', key: '12' }))).toEqual([]);
  });

  it('is valid by RFC 5222 alone where no region is asked for', () => {
    expect(lostErrorsBy('published', writeLostAnswer(listed))).toEqual([]);
    expect(lostErrorsBy('published', writeLostRequest(read(question(''))))).toEqual([]);
  });
});

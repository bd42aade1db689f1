import { describe, expect, it } from 'vitest';
import { boundaryId, datasetId, serviceUrn } from '../../../src/base/index.ts';
import { decide, serviceRouteOf } from '../../../src/esrp/decide.ts';
import type { Mapping } from '../../../src/esrp/index.ts';

const sos = serviceUrn('urn:service:sos');
const fire = serviceUrn('urn:service:sos.fire');
const forest = serviceUrn('urn:service:sos.fire.forest');
const marine = serviceUrn('urn:service:sos.marine');
const testMarine = serviceUrn('urn:service:test.sos.marine');

const options = {
  defaultRoute: { uri: 'sip:default@192.0.2.1' },
  ringTimeoutMs: 60_000,
  lastRingTimeoutMs: 3_600_000,
};
const mapped: Mapping = {
  kind: 'mapped',
  rule: 'covers',
  boundary: {
    boundaryId: boundaryId('b1'),
    datasetId: datasetId(1),
    displayName: 'PSAP',
    serviceUrn: sos,
    serviceUri: 'sip:psap@192.0.2.20',
    serviceNumber: '911',
    agencyId: undefined,
    priority: 0,
  },
  others: [],
  substitutedFrom: undefined,
  detail: 'PSAP covers the point',
};
const absent: Mapping = {
  kind: 'unmapped',
  reason: 'serviceAbsent',
  detail: 'No Coast says that the point has no such service',
  others: [],
};
const marineRoute = { service: marine, uri: 'sip:coast@192.0.2.2' };

describe('a plan', () => {
  it.each([
    ['a mapping, then the default route', mapped, undefined, ['psap', 'default']],
    ['the default route alone where nothing serves the place', absent, undefined, ['default']],
    [
      'the default route of the service before that of the ingress',
      absent,
      marineRoute,
      ['coast', 'default'],
    ],
    ['a mapping, then both', mapped, marineRoute, ['psap', 'coast', 'default']],
    [
      'a place that is named twice, once',
      mapped,
      { service: marine, uri: 'sip:psap@192.0.2.20' },
      ['psap', 'default'],
    ],
    [
      'the default route of the service where it is that of the ingress',
      absent,
      { service: marine, uri: 'sip:default@192.0.2.1' },
      ['default'],
    ],
  ])('is %s', (_name, mapping, serviceRoute, users) => {
    const { targets } = decide(mapping, { ...options, serviceRoute });
    expect(targets.map(({ uri }) => /sip:(\w+)@/.exec(uri)?.[1])).toEqual(users);
    expect(targets.map(({ reason }) => reason)).toEqual(
      users.map((user) => (user === 'psap' ? 'mapped' : 'default')),
    );
    const last = targets.length - 1;
    expect(targets.map(({ ringTimeoutMs }) => ringTimeoutMs)).toEqual(
      targets.map((_, index) => (index === last ? 3_600_000 : 60_000)),
    );
  });

  it('says each of its steps', () => {
    expect(decide(mapped, { ...options, serviceRoute: marineRoute }).trace).toEqual([
      'mapped (covers): PSAP covers the point',
      'first sip:psap@192.0.2.20',
      'then the default route of urn:service:sos.marine sip:coast@192.0.2.2',
      'then the default route sip:default@192.0.2.1',
    ]);
    expect(decide(absent, options).trace).toEqual([
      'unmapped (serviceAbsent): No Coast says that the point has no such service',
      'default route sip:default@192.0.2.1',
    ]);
  });
});

describe('the default route of a service', () => {
  const routes = new Map([
    [marine, 'sip:coast@192.0.2.2'],
    [fire, 'sip:fire@192.0.2.3'],
  ]);
  it.each([
    ['its own', marine, marine],
    ["its parent's where it has none", forest, fire],
    ["the real service's for a test", testMarine, marine],
    ['none', sos, undefined],
  ])('is %s', (_name, asked, service) => {
    expect(serviceRouteOf(asked, routes)).toEqual(service && { service, uri: routes.get(service) });
  });

  it('is none where none is configured', () => {
    expect(serviceRouteOf(sos, undefined)).toBeUndefined();
  });
});

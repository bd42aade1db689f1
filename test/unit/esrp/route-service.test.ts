import { describe, expect, it } from 'vitest';
import { boundaryId, datasetId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { BoundaryLookup, RouteLocation } from '../../../src/esrp/index.ts';
import { createRouteService } from '../../../src/esrp/index.ts';
import { defaultLocationLimits } from '../../../src/location/index.ts';
import { pointPidf } from '../../support/emergency-messages.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const service = serviceUrn('urn:service:sos');
const boundary = {
  boundaryId: boundaryId('b1'),
  datasetId: datasetId(1),
  displayName: 'PSAP',
  serviceUrn: service,
  serviceUri: 'sip:psap@192.0.2.20',
  serviceNumber: '911',
  agencyId: undefined,
  priority: 0,
};

/** Serves the south alone. */
const lookup: BoundaryLookup = {
  byPoint: ({ lat }) =>
    Promise.resolve(
      lat < 0
        ? { kind: 'found', rule: 'covers', matches: [boundary] }
        : { kind: 'nothing', datasetId: datasetId(1) },
    ),
  byArea: () => Promise.resolve({ kind: 'nothing', datasetId: datasetId(1) }),
  byCivic: () => Promise.resolve({ kind: 'ambiguous', datasetId: datasetId(1), candidates: [boundary] }),
  nearest: () => Promise.resolve({ kind: 'nothing', datasetId: datasetId(1) }),
};
const nothing = (): void => undefined;
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const routes = createRouteService(
  {
    defaultRouteUri: 'sip:default@192.0.2.21',
    ringTimeoutMs: 60_000,
    lastRingTimeoutMs: 180_000,
    lookupDeadlineMs: 500,
    limits: defaultLocationLimits,
  },
  { lookup, clock: new ManualClock(), logger },
);

function ask(location: RouteLocation) {
  return routes.route({ service, location, asOf: wallMs(0) });
}

const documentOf = (text: string): RouteLocation => ({ kind: 'document', bytes: Buffer.from(text) });

describe('where a call would go', () => {
  const rows: readonly (readonly [string, RouteLocation, string, string])[] = [
    ['a point', { kind: 'point', position: { lon: 1, lat: -2 } }, 'mapped', 'query'],
    ['a point that nobody serves', { kind: 'point', position: { lon: 1, lat: 2 } }, 'unmapped', 'query'],
    [
      'an address',
      { kind: 'civic', civic: { country: 'US', elements: new Map(), language: undefined } },
      'unmapped',
      'query',
    ],
    ['a document', documentOf(pointPidf({ lon: 1, lat: -2 })), 'mapped', 'body'],
    ['a document that cannot be read', documentOf('<presence'), 'unmapped', 'none'],
  ];
  it.each(rows)('%s', async (_name, location, mapping, source) => {
    const answer = await ask(location);
    expect([answer.mapping.kind, answer.located.location?.source.kind ?? 'none']).toEqual([mapping, source]);
    expect(answer.plan.targets.at(-1)?.uri).toBe('sip:default@192.0.2.21');
    expect(answer.stages.map(({ stage }) => stage)).toEqual(['locate', 'map', 'decide']);
  });

  it('a document of two tuples, the first of which nobody serves, goes by the second as a call would', async () => {
    const north = pointPidf({ lon: 1, lat: 2 });
    const tuple = /<tuple id="t1">.*<\/tuple>/.exec(pointPidf({ lon: 1, lat: -2 }))?.[0] ?? '';
    const two = north.replace('</presence>', `${tuple.replace('"t1"', '"t2"')}</presence>`);
    const answer = await ask(documentOf(two));
    expect(answer.mapping.kind).toBe('mapped');
    expect(answer.located.candidates.map(({ outcome }) => outcome)).toEqual(['notChosen', 'chosen']);
  });
});

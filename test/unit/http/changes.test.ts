import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasetId } from '../../../src/base/index.ts';
import { answerSchema, faultsOf } from './api-document.ts';
import { type Answer, boundaryFile, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  const headers = { 'content-type': 'application/geo+json' };
  const body = JSON.stringify(boundaryFile(['a', 'b']));
  await server.send('POST', '/api/v1/datasets?name=x', { headers, body });
});
afterEach(() => server.stop());

function expectDocumented(answer: Answer, operationId: string, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  const mediaType = answer.headers.get('content-type') ?? '';
  const schema = answerSchema(operationId, status, mediaType);
  expect(schema, `${operationId} ${status} ${mediaType} is not in the document`).toBeDefined();
  expect(faultsOf(schema, answer.json)).toEqual([]);
}

const path = '/api/v1/datasets/1/changes';
const post = (features: readonly unknown[], query = '') =>
  server.send('POST', `${path}${query}`, {
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify({ type: 'FeatureCollection', features }),
  });
const boundary = (action: string, id: string) => {
  const { features } = boundaryFile([id]) as { readonly features: readonly object[] };
  return { ...features[0], action };
};
const provisioning = {
  type: 'Feature',
  action: 'add',
  layer: 'ProvisioningPolygon',
  properties: { NGUID: 'ground', DiscrpAgID: 'agency.example' },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
    ],
  },
};
const expiry = (id: string, more: object = {}) => ({
  type: 'Feature',
  action: 'expire',
  properties: { NGUID: id },
  geometry: null,
  ...more,
});

describe('POST /api/v1/datasets/{id}/changes', () => {
  it('reads features of several layers as a file is read, in order, and applies them', async () => {
    const answer = await post(
      [
        expiry('b', { properties: { NGUID: 'b', Expire: '2027-01-01T00:00:00Z' } }),
        boundary('change', 'a'),
        provisioning,
        boundary('add', 'c'),
        expiry('road', { layer: 'RoadCenterLine' }),
      ],
      '?note=north%20side&invalidGeometry=repair',
    );
    expectDocumented(answer, 'applyChanges', 201);
    expect(answer.json).toMatchObject({
      changeSet: { no: 1, note: 'north side' },
      dataset: { id: 1 },
      repaired: [],
    });
    const [asked] = server.changes.asked;
    expect(asked?.options).toMatchObject({ datasetId: 1, invalidGeometry: 'repair', requestKey: undefined });
    expect(asked?.options.actor.name).toBe('admin');
    expect(asked?.edits).toMatchObject([
      { kind: 'expire', ordinal: 1, layer: 'serviceBoundary', featureId: 'b', at: Date.UTC(2027, 0, 1) },
      { kind: 'change', feature: { kind: 'feature', feature: { ordinal: 2, boundaryId: 'a' } } },
      {
        kind: 'add',
        feature: { kind: 'provisioningBoundary', feature: { ordinal: 3, featureId: 'ground' } },
      },
      { kind: 'add', feature: { kind: 'feature', feature: { ordinal: 4, boundaryId: 'c' } } },
      { kind: 'expire', ordinal: 5, layer: 'roadCentreLine', featureId: 'road', at: undefined },
    ]);
  });

  it('is applied once under one key, which stands for nothing else then', async () => {
    expectDocumented(await post([boundary('add', 'c')], '?key=k'), 'applyChanges', 201);
    const again = await post([boundary('add', 'c')], '?key=k');
    expectDocumented(again, 'applyChanges', 200);
    expect(again.json).toMatchObject({ changeSet: { no: 1 } });
    const other = await post([boundary('add', 'd')], '?key=k');
    expectDocumented(other, 'applyChanges', 409);
    expect(other.json).toMatchObject({ type: '/api/v1/problems/http.changeKeyTaken' });
  });

  it.each<readonly [string, readonly unknown[], number, object]>([
    [
      'what the store refuses',
      [boundary('add', 'c'), boundary('add', 'refuse-me')],
      422,
      { refused: [{ ordinal: 2 }] },
    ],
    [
      'what cannot be read',
      [expiry('b'), { ...provisioning, geometry: { type: 'Point', coordinates: [0, 0] } }],
      422,
      { refused: [{ ordinal: 2 }], refusedCount: 1, readCount: 2 },
    ],
    ['no feature', [], 400, { errors: [{ path: '/features' }] }],
    ['no action', [{ ...provisioning, action: undefined }], 400, {}],
    ['an action of its own', [{ ...provisioning, action: 'delete' }], 400, {}],
    [
      'an area without its level',
      [{ ...provisioning, layer: 'adminArea' }],
      400,
      { errors: [{ path: '/features/0/layer' }] },
    ],
    [
      'a layer of its own',
      [{ ...provisioning, layer: 'Hydrants' }],
      400,
      { errors: [{ path: '/features/0/layer' }] },
    ],
    ['an expiry without an id', [expiry('')], 400, { errors: [{ path: '/features/0/properties/NGUID' }] }],
    [
      'an expiry that is no moment',
      [expiry('b', { properties: { NGUID: 'b', Expire: 'soon' } })],
      400,
      { errors: [{ path: '/features/0/properties/Expire' }] },
    ],
  ])('refuses %s', async (_what, features, status, expected) => {
    const answer = await post(features);
    expectDocumented(answer, 'applyChanges', status);
    expect(answer.json).toMatchObject(expected);
    expect(server.changes.sets).toEqual([]);
  });

  it('refuses what is no JSON, and more than a set may have', async () => {
    const send = (body: string | Buffer) =>
      server.send('POST', path, { headers: { 'content-type': 'application/geo+json' }, body });
    expectDocumented(await send('{'), 'applyChanges', 400);
    expectDocumented(await send(Buffer.alloc(17_000_000, 0x20)), 'applyChanges', 413);
  });

  it('does not know a dataset that is not there', async () => {
    const answer = await server.send('POST', '/api/v1/datasets/9/changes', {
      headers: { 'content-type': 'application/geo+json' },
      body: JSON.stringify({ type: 'FeatureCollection', features: [expiry('a')] }),
    });
    expectDocumented(answer, 'applyChanges', 404);
  });
});

describe('sets of changes', () => {
  it('are listed, newest first, by pages and by feature', async () => {
    for (const id of ['c', 'd', 'e']) await post([boundary('add', id)]);
    const page = await server.send('GET', `${path}?limit=2`);
    expectDocumented(page, 'listChanges', 200);
    expect(page.json).toMatchObject({ items: [{ no: 3 }, { no: 2 }], next: 2 });
    const last = await server.send('GET', `${path}?limit=2&before=2`);
    expect(last.json).toEqual({ items: [expect.objectContaining({ no: 1 })] });
    const ofOne = await server.send('GET', `${path}?featureId=d`);
    expect(ofOne.json).toEqual({ items: [expect.objectContaining({ no: 2 })] });
    expectDocumented(await server.send('GET', '/api/v1/datasets/9/changes'), 'listChanges', 404);
  });

  it('are undone, the later ones first, and once', async () => {
    await post([boundary('add', 'c')]);
    await post([boundary('change', 'c')]);
    const early = await server.send('POST', `${path}/1/undo`);
    expectDocumented(early, 'undoChanges', 409);
    expect(early.json).toMatchObject({ later: [{ featureId: 'c', changeSetNo: 2 }] });
    const undone = await server.send('POST', `${path}/2/undo`);
    expectDocumented(undone, 'undoChanges', 200);
    expect(undone.json).toMatchObject({ changeSet: { no: 2, undoneBy: 'admin' } });
    expectDocumented(await server.send('POST', `${path}/2/undo`), 'undoChanges', 200);
    expectDocumented(await server.send('POST', `${path}/1/undo`), 'undoChanges', 200);
    expectDocumented(await server.send('POST', `${path}/9/undo`), 'undoChanges', 404);
    expect(server.changes.sets.every(({ undoneAt }) => undoneAt !== undefined)).toBe(true);
  });

  it('make versions of a feature', async () => {
    await post([boundary('change', 'a')]);
    const of = (id: string) => `/api/v1/datasets/${datasetId(1)}/features/serviceBoundary/${id}/versions`;
    const versions = await server.send('GET', of('a'));
    expectDocumented(versions, 'listFeatureVersions', 200);
    expect(versions.json).toMatchObject({ items: [{ addedIn: 1 }] });
    expectDocumented(await server.send('GET', of('nobody')), 'listFeatureVersions', 404);
  });
});

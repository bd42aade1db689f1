import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findingCodes } from '../../../src/esrp/index.ts';
import { answerSchema, faultsOf } from './api-document.ts';
import { layerFinding, overlapFinding } from './memory-review.ts';
import { type Answer, boundaryFile, startTestServer, type TestServer } from './test-server.ts';

// Checks, differences, shadow routing and the removal of datasets over REST.

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.stop());

function expectDocumented(answer: Answer, operationId: string, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  const schema = answerSchema(operationId, status, answer.headers.get('content-type') ?? '');
  expect(schema, `${operationId} ${status} is not in the document`).toBeDefined();
  expect(faultsOf(schema, answer.json)).toEqual([]);
}

async function load(ids: readonly string[], more = ''): Promise<void> {
  const answer = await server.send('POST', `/api/v1/datasets?name=areas${more}`, {
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify(boundaryFile(ids)),
  });
  expect(answer.status, answer.text).toBe(201);
}

const asJson = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

async function actions(): Promise<readonly unknown[]> {
  const audit = await server.send('GET', '/api/v1/audit');
  return (audit.json['items'] as { action: string }[]).map(({ action }) => action);
}

describe('checks of datasets', () => {
  it('begin, are read and listed, as GeoJSON too', async () => {
    await load(['a', 'b']);
    server.review.findings = [overlapFinding, layerFinding];
    const started = await server.send('POST', '/api/v1/datasets/1/check?minAreaM2=2.5');
    expectDocumented(started, 'startCheck', 202);
    expect(started.headers.get('location')).toBe('/api/v1/datasets/1/check');
    const report = await server.send('GET', '/api/v1/datasets/1/check');
    expectDocumented(report, 'readCheck', 200);
    expect(report.json).toMatchObject({
      state: 'finished',
      minAreaM2: 2.5,
      counts: { error: 1, warning: 0, info: 1 },
      countsByCode: { overlap: 1, layerMissing: 1 },
      isActivatable: false,
    });
    const first = await server.send('GET', '/api/v1/datasets/1/findings?limit=1');
    expectDocumented(first, 'listFindings', 200);
    expect(first.json).toMatchObject({ items: [{ no: 1, code: 'overlap', areaM2: 2_000_000 }], next: 1 });
    const second = await server.send('GET', '/api/v1/datasets/1/findings?limit=1&after=1');
    expect(second.json).toMatchObject({ items: [{ no: 2, code: 'layerMissing' }] });
    expect(second.json['next']).toBeUndefined();
    const map = await server.send('GET', '/api/v1/datasets/1/findings.geojson');
    expectDocumented(map, 'listFindingFeatures', 200);
    expect(map.json).toMatchObject({
      type: 'FeatureCollection',
      features: [
        { id: 1, geometry: { type: 'Point' } },
        { id: 2, geometry: null },
      ],
    });
  });

  it.each([
    ['code=overlap', ['overlap']],
    ['severity=info', ['layerMissing']],
    ['layer=roadCentreLine', ['layerMissing']],
    ['layer=addressPoint', []],
  ])('are filtered by %s', async (filter, expected) => {
    await load(['a']);
    server.review.findings = [overlapFinding, layerFinding];
    await server.send('POST', '/api/v1/datasets/1/check');
    const answer = await server.send('GET', `/api/v1/datasets/1/findings?${filter}`);
    expect((answer.json['items'] as { code: string }[]).map(({ code }) => code)).toEqual(expected);
  });

  it('are ended', async () => {
    await load(['a']);
    server.review.isEndless = true;
    await server.send('POST', '/api/v1/datasets/1/check');
    expect((await server.send('GET', '/api/v1/datasets/1/check')).json).toMatchObject({
      state: 'running',
      progress: 0.4,
    });
    const ended = await server.send('DELETE', '/api/v1/datasets/1/check');
    expectDocumented(ended, 'cancelCheck', 200);
    expect(ended.json).toMatchObject({ state: 'failed', isActivatable: false });
  });

  it('are explained code by code', async () => {
    const answer = await server.send('GET', '/api/v1/finding-codes');
    expectDocumented(answer, 'listFindingCodes', 200);
    const items = answer.json['items'] as { code: string; meaning: string; advice: string }[];
    expect(items.map(({ code }) => code)).toEqual(Object.keys(findingCodes));
    for (const { meaning, advice } of items)
      expect([meaning, advice].every((text) => text.endsWith('.'))).toBe(true);
  });
});

describe('activation', () => {
  it('is refused without a check, and after one that found errors, unless it is asked for all the same', async () => {
    await load(['a']);
    const unchecked = await server.send('POST', '/api/v1/datasets/1/activate');
    expectDocumented(unchecked, 'activateDataset', 409);
    expect(unchecked.json).toMatchObject({ type: '/api/v1/problems/http.notChecked' });
    server.review.findings = [overlapFinding];
    await server.send('POST', '/api/v1/datasets/1/check');
    const failed = await server.send('POST', '/api/v1/datasets/1/activate');
    expect(failed.json).toMatchObject({ status: 409, type: '/api/v1/problems/http.checkFailed' });
    expect(await actions()).not.toContain('dataset.activated');
    const forced = await server.send('POST', '/api/v1/datasets/1/activate?unchecked=true');
    expect(forced.json).toMatchObject({ id: 1, state: 'active' });
    expect((await actions()).slice(0, 2)).toEqual(['dataset.activated', 'dataset.activatedUnchecked']);
  });

  it('waits for the end of a check', async () => {
    await load(['a']);
    server.review.isEndless = true;
    await server.send('POST', '/api/v1/datasets/1/check');
    expect((await server.send('POST', '/api/v1/datasets/1/activate')).json).toMatchObject({
      type: '/api/v1/problems/http.notChecked',
    });
  });

  it('asks nothing of a dataset that was active before', async () => {
    await load(['a'], '&activate=true');
    await load(['b'], '&activate=true');
    expect((await server.send('POST', '/api/v1/datasets/1/activate')).json).toMatchObject({
      state: 'active',
    });
  });
});

describe('removal', () => {
  it('takes away what is not active', async () => {
    await load(['a'], '&activate=true');
    await load(['b']);
    const active = await server.send('DELETE', '/api/v1/datasets/1');
    expectDocumented(active, 'removeDataset', 409);
    expect(active.json).toMatchObject({ type: '/api/v1/problems/http.datasetActive' });
    const removed = await server.send('DELETE', '/api/v1/datasets/2');
    expectDocumented(removed, 'removeDataset', 200);
    expect(removed.json).toMatchObject({ id: 2, state: 'staged' });
    expect((await server.send('GET', '/api/v1/datasets/2')).status).toBe(404);
    expect((await actions())[0]).toBe('dataset.removed');
  });
});

describe('differences', () => {
  it('are told from the active dataset, with points that change their PSAP', async () => {
    await load(['a'], '&activate=true');
    await load(['a', 'b', 'c']);
    const answer = await server.send('GET', '/api/v1/datasets/2/diff?limit=1&sample=5');
    expectDocumented(answer, 'readDiff', 200);
    expect(answer.json).toMatchObject({
      from: 1,
      to: 2,
      layers: { serviceBoundary: { added: 2, same: 1 } },
      changes: [{ layer: 'serviceBoundary', featureId: 'b', kind: 'added' }],
      next: 'serviceBoundary/b',
      sample: { total: 5, moved: 5, flows: [{ from: 'sip:psap-1@127.0.0.1:5070', count: 5 }] },
    });
    const wrong = await server.send('GET', '/api/v1/datasets/2/diff?after=b');
    expect(wrong.status).toBe(400);
  });
});

describe('shadow routing', () => {
  async function finished(): Promise<Answer> {
    for (;;) {
      const answer = await server.send('GET', '/api/v1/datasets/2/shadow');
      if (answer.json['state'] !== 'running') return answer;
    }
  }

  it('maps recorded calls by a dataset beside the active one', async () => {
    await load(['a'], '&activate=true');
    await load(['b']);
    const started = await server.send('POST', '/api/v1/datasets/2/shadow', asJson({ source: 'records' }));
    expectDocumented(started, 'startShadow', 202);
    const over = await finished();
    expectDocumented(over, 'readShadow', 200);
    // One of the three records has no location.
    expect(over.json).toMatchObject({
      state: 'finished',
      with: 1,
      summary: {
        total: 2,
        done: 2,
        moved: 2,
        same: 0,
        differences: [
          {
            callId: 'call-0003',
            from: { uri: 'sip:psap-1@127.0.0.1:5070', how: 'covers' },
            to: { uri: 'sip:psap-2@127.0.0.1:5070' },
          },
          { callId: 'call-0002' },
        ],
      },
    });
    expect(over.text).not.toContain('"position"');
    expect((await actions())[0]).toBe('dataset.shadowed');
  });

  it('maps calls that are made up, and tells those that would lose their PSAP', async () => {
    for (const name of ['a', 'b', 'c']) await load([name]);
    const asked = { source: 'border', with: 3, count: 40, seed: 7, service: 'urn:service:sos.fire' };
    await server.send('POST', '/api/v1/datasets/2/shadow', asJson(asked));
    const over = await finished();
    expect(over.json).toMatchObject({
      source: 'border',
      seed: 7,
      summary: { total: 40, gained: 40, lost: 0, flows: [{ to: 'sip:psap-2@127.0.0.1:5070', count: 40 }] },
    });
    const { differences } = over.json['summary'] as { differences: Record<string, unknown>[] };
    expect(differences[0]).toMatchObject({
      position: { lon: -120, lat: 30.007 },
      service: 'urn:service:sos.fire',
      from: { how: 'outsideAllBoundaries' },
    });
    const ended = await server.send('DELETE', '/api/v1/datasets/2/shadow');
    expectDocumented(ended, 'cancelShadow', 200);
  });

  it.each([
    ['the active dataset, where there is none', '/api/v1/datasets/1/shadow', {}],
    ['a dataset that is not there', '/api/v1/datasets/1/shadow', { with: 9 }],
    ['and of a dataset that is not there', '/api/v1/datasets/9/shadow', { with: 1 }],
  ])('says that it cannot compare with %s', async (_name, path, body) => {
    await load(['a']);
    expectDocumented(await server.send('POST', path, asJson(body)), 'startShadow', 404);
  });
});

it.each([
  ['GET', 'check'],
  ['DELETE', 'check'],
  ['GET', 'findings'],
  ['GET', 'findings.geojson'],
  ['GET', 'diff?with=1'],
  ['GET', 'shadow'],
  ['DELETE', 'shadow'],
  ['POST', 'check'],
])('%s .../%s of an unknown dataset is not found', async (method, what) => {
  const answer = await server.send(method, `/api/v1/datasets/9/${what}`);
  expect(answer.json).toMatchObject({ status: 404, type: '/api/v1/problems/http.notFound' });
});

describe('data errors', () => {
  it('are listed, those that are resolved where asked for', async () => {
    const answer = await server.send('GET', '/api/v1/data-errors');
    expectDocumented(answer, 'listDataErrors', 200);
    expect(answer.json['items']).toMatchObject([{ id: 2, kind: 'gap', foundBy: 'lookup' }]);
    const all = await server.send('GET', '/api/v1/data-errors?resolved=true&limit=1');
    expect(all.json).toMatchObject({ items: [{ id: 2 }], next: 2 });
    const rest = await server.send('GET', '/api/v1/data-errors?resolved=true&limit=1&before=2');
    expectDocumented(rest, 'listDataErrors', 200);
    expect(rest.json).toMatchObject({
      items: [{ id: 1, areaM2: 1_540.2, agencies: ['a.example', 'b.example'] }],
    });
    const overlaps = await server.send('GET', '/api/v1/data-errors?kind=overlap');
    expect(overlaps.json['items']).toEqual([]);
  });
});

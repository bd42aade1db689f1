import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  reportDocumentExample,
  resolutionDocumentExample,
} from '../../../src/http/operations/discrepancy-examples.ts';
import { answerSchema, faultsOf } from './api-document.ts';
import { type DiscrepancyWorld, deskOf, discrepancyWorld } from './memory-discrepancies.ts';
import { type Answer, startTestServer, type TestServer } from './test-server.ts';

// The i3 service of discrepancy reports with its own paths and status codes, and the operators' side of it.

let world: DiscrepancyWorld;
let server: TestServer;
beforeEach(async () => {
  world = discrepancyWorld();
  server = await startTestServer({ ports: { discrepancies: deskOf(world) } });
});
afterEach(() => server.stop());

const i3 = '/DiscrepancyReports/v1';
const key = '?agencyName=psap.example&discrepancyReportId=4711';
const desk = '/api/v1/discrepancy-reports';
const asJson = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const submit = (changes: object = {}) =>
  server.send('POST', `${i3}/Reports`, asJson({ ...reportDocumentExample, ...changes }));

function expectDocumented(answer: Answer, operationId: string, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  const schema = answerSchema(operationId, status, answer.headers.get('content-type') ?? '');
  expect(schema, `${operationId} ${status} is not in the document`).toBeDefined();
  expect(faultsOf(schema, answer.json)).toEqual([]);
}

describe('a report of others', () => {
  it('is taken, told of, and answered', async () => {
    const taken = await submit();
    expectDocumented(taken, 'submitReport', 201);
    expect(taken.json).toMatchObject({
      respondingAgencyName: 'esrp.example',
      respondingContactJcard: '["vcard",[]]',
      responseEstimatedReturnTime: expect.stringMatching(/Z$/),
    });
    expectDocumented(await server.send('GET', `${i3}/Resolutions${key}`), 'readResolution', 475);
    const status = await server.send('GET', `${i3}/StatusUpdates${key}`);
    expectDocumented(status, 'readStatusUpdate', 200);

    const list = await server.send('GET', `${desk}?direction=in&state=open`);
    expectDocumented(list, 'listDiscrepancies', 200);
    expect(list.json['items']).toMatchObject([
      { reportId: '4711', problem: 'RouteIncorrect', state: 'open' },
    ]);
    const one = await server.send('GET', `${desk}/in/psap.example/4711`);
    expectDocumented(one, 'readDiscrepancy', 200);
    expect(one.json['report']).toEqual(reportDocumentExample);

    const later = { estimatedAt: '2026-04-01T00:00:00Z', comments: 'the county is asked' };
    expectDocumented(
      await server.send('PUT', `${desk}/in/psap.example/4711/status`, asJson(later)),
      'setDiscrepancyStatus',
      200,
    );
    expect((await server.send('GET', `${i3}/StatusUpdates${key}`)).json).toMatchObject({
      responseEstimatedReturnTime: '2026-04-01T00:00:00.000Z',
      statusComments: 'the county is asked',
    });

    const answer = { resolution: 'DataCorrected', agentId: 'ann' };
    const resolved = await server.send('PUT', `${desk}/in/psap.example/4711/resolution`, asJson(answer));
    expectDocumented(resolved, 'resolveDiscrepancy', 200);
    const resolution = await server.send('GET', `${i3}/Resolutions${key}`);
    expectDocumented(resolution, 'readResolution', 200);
    expect(resolution.json).toMatchObject({
      resolution: 'DataCorrected',
      respondingAgentId: 'ann',
      discrepancyReportId: '4711',
    });
    expectDocumented(await server.send('GET', `${i3}/StatusUpdates${key}`), 'readStatusUpdate', 474);
    await world.service.sendDue();
    expect(world.other.posted).toMatchObject([
      {
        uri: reportDocumentExample.resolutionUri,
        isTrusted: false,
        document: { resolution: 'DataCorrected' },
      },
    ]);
  });

  it('that comes twice is taken once; one that says something else is refused', async () => {
    const first = await submit();
    expect((await submit()).json).toEqual(first.json);
    expectDocumented(await submit({ problem: 'DataExpired' }), 'submitReport', 454);
    expect(world.store.entries.size).toBe(1);
  });

  it.each([
    ['nothing in it', {}, 454],
    ['no id', { ...reportDocumentExample, discrepancyReportId: undefined }, 454],
    ['no moment', { ...reportDocumentExample, discrepancyReportSubmitTimeStamp: 'yesterday' }, 454],
    ['no URI', { ...reportDocumentExample, resolutionUri: 'here' }, 454],
    ['a type that is not ours', { ...reportDocumentExample, reportType: 'McsDiscrepancyReport' }, 470],
    ['a type that nobody knows', { ...reportDocumentExample, reportType: 'Complaint' }, 470],
  ])('with %s is refused', async (_name, document, status) => {
    expectDocumented(await server.send('POST', `${i3}/Reports`, asJson(document)), 'submitReport', status);
  });

  it('that is not here is unknown everywhere', async () => {
    expectDocumented(await server.send('GET', `${i3}/Resolutions${key}`), 'readResolution', 473);
    expectDocumented(await server.send('GET', `${i3}/StatusUpdates${key}`), 'readStatusUpdate', 473);
    const answer = asJson({ resolution: 'NoDiscrepancy' });
    expect((await server.send('PUT', `${desk}/in/psap.example/4711/resolution`, answer)).status).toBe(473);
    expect((await server.send('GET', `${desk}/in/psap.example/4711`)).status).toBe(404);
  });

  it('needs a key', async () => {
    const answer = await server.send('POST', `${i3}/Reports`, {
      ...asJson(reportDocumentExample),
      key: undefined,
    });
    expect(answer.status).toBe(401);
  });
});

describe('a report of ours', () => {
  it('is queued, sent, and resolved by the other side', async () => {
    const asked = {
      targetUri: 'https://ecrf.example/DiscrepancyReports/v1/Reports',
      report: { reportType: 'LostDiscrepancyReport', problem: 'NoSuchLocation', query: 'findService' },
    };
    const queued = await server.send('POST', desk, asJson(asked));
    expectDocumented(queued, 'sendDiscrepancy', 202);
    expect(queued.json).toMatchObject({
      state: 'queued',
      reportingAgency: 'esrp.example',
      reportId: 'x'.repeat(20),
    });
    await world.service.sendDue();
    expect(world.other.posted[0]).toMatchObject({ uri: asked.targetUri, isTrusted: true });
    const sent = await server.send('GET', `${desk}/out/esrp.example/${'x'.repeat(20)}`);
    expect(sent.json).toMatchObject({
      state: 'sent',
      attempts: 1,
      response: { respondingAgencyName: 'other.example' },
    });

    const document = {
      ...resolutionDocumentExample,
      discrepancyReportId: 'x'.repeat(20),
      reportingAgencyName: 'esrp.example',
    };
    expectDocumented(
      await server.send('POST', `${i3}/Resolutions`, asJson(document)),
      'submitResolution',
      201,
    );
    expect((await server.send('GET', `${desk}?state=resolved`)).json['items']).toMatchObject([
      { direction: 'out', resolution: { resolution: 'DataCorrected' } },
    ]);
  });

  it.each([
    ['of a report that is not ours', resolutionDocumentExample, 473],
    ['that is none', { ...resolutionDocumentExample, resolution: 'Whatever' }, 454],
    ['without an id', { ...resolutionDocumentExample, discrepancyReportId: undefined }, 454],
  ])('a resolution %s is refused', async (_name, document, status) => {
    expectDocumented(
      await server.send('POST', `${i3}/Resolutions`, asJson(document)),
      'submitResolution',
      status,
    );
  });
});

it('tells its versions to everybody', async () => {
  const answer = await server.send('GET', '/DiscrepancyReports/Versions', { key: undefined });
  expectDocumented(answer, 'readDiscrepancyVersions', 200);
  expect(answer.json).toEqual({ versions: [{ major: 1, minor: 0 }] });
});

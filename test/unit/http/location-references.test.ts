import { describe, expect, it } from 'vitest';
import { LocationReferences, type LocationReferencesOptions } from '../../../src/http/index.ts';
import { writeLocationRequest, writePidfLo } from '../../../src/location/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { schemaErrors, schemasSkipped } from '../../support/schemas.ts';

const secret = 'a secret of sixteen characters';
const point = { kind: 'point', position: { lon: 1.5, lat: 2.5 } } as const;
const civic = { country: 'US', elements: new Map([['A1', 'NY']]), language: 'en' };

function document(more: Partial<Parameters<typeof writePidfLo>[0]> = {}): string {
  const common = { entity: 'sip:a@example.net', id: 'loc-1', method: 'Default', timestamp: undefined };
  return writePidfLo({ ...common, shape: point, civic: undefined, ...more });
}

function references(more: Partial<LocationReferencesOptions> = {}) {
  const clock = new ManualClock();
  const baseUri = 'https://esrp.example.net/location';
  return {
    clock,
    served: new LocationReferences({ baseUri, secrets: [secret], lifetimeS: 60, clock, ...more }),
  };
}

const tokenIn = (uri: string) => uri.slice(uri.lastIndexOf('/') + 1);

interface Asked {
  readonly method?: string;
  readonly accept?: string;
  readonly type?: string;
  readonly body?: string;
}

async function ask(served: LocationReferences, token: string, asked: Asked = {}) {
  const { method = 'GET', accept, type = 'application/held+xml', body = '' } = asked;
  const headers = { 'content-type': type, ...(accept === undefined ? {} : { accept }) };
  const outcome = await served.answer(token, { method, headers, readBody: async () => Buffer.from(body) });
  if (outcome.kind === 'problem') return { code: outcome.code, type: undefined, text: '' };
  return {
    code: /<error[^>]* code="([^"]+)"/.exec(outcome.body)?.[1] ?? outcome.status,
    type: outcome.contentType,
    text: outcome.body,
  };
}

const post = (body: string): Asked => ({ method: 'POST', body });

describe('RFC 6753 §3.2 HTTP GET Behavior', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'application/held+xml'],
    ['*/*', 'application/held+xml'],
    ['application/pidf+xml', 'application/pidf+xml'],
    ['application/held+xml;q=0.5, application/pidf+xml;q=0.9', 'application/pidf+xml'],
    ['application/pidf+xml;q=0.2, application/held+xml', 'application/held+xml'],
    ['text/html', 'application/held+xml'],
  ])(`Accept %s gives %s, valid by its schema${schemasSkipped}`, async (accept, type) => {
    const { served } = references();
    const answer = await ask(
      served,
      tokenIn(served.publish(document())),
      accept === undefined ? {} : { accept },
    );
    expect(answer).toMatchObject({ code: 200, type });
    expect(answer.text).toContain('<gml:pos>2.5 1.5</gml:pos>');
    if (schemasSkipped !== '') return;
    expect(schemaErrors(type.includes('held') ? 'held' : 'pidfLo', answer.text)).toEqual([]);
  });

  it('the document is the one that was published', async () => {
    const { served } = references();
    const token = tokenIn(served.publish(document()));
    expect((await ask(served, token, { accept: 'application/pidf+xml' })).text).toBe(document());
  });
});

describe('RFC 6753 §3.1 HELD Usage Profile', () => {
  const both = document({ civic });
  it.each<[string, string, string, string | number, RegExp]>([
    ['nothing said', document(), writeLocationRequest({}), 200, /gml:pos/],
    ['any', both, writeLocationRequest({ locationTypes: ['any'], exact: true }), 200, /gml:pos[\s\S]*ca:A1/],
    [
      'what is there, exactly',
      document(),
      writeLocationRequest({ locationTypes: ['geodetic'], exact: true }),
      200,
      /gml:pos/,
    ],
    [
      'what is not there, not exactly',
      document(),
      writeLocationRequest({ locationTypes: ['civic'] }),
      200,
      /gml:pos/,
    ],
    [
      'what is not there, exactly',
      document(),
      writeLocationRequest({ locationTypes: ['civic'], exact: true }),
      'cannotProvideLiType',
      /./,
    ],
    [
      'one of two, exactly',
      both,
      writeLocationRequest({ locationTypes: ['civic'], exact: true }),
      200,
      /^(?![\s\S]*gml:pos)[\s\S]*ca:A1/,
    ],
    [
      'the other of two, exactly',
      both,
      writeLocationRequest({ locationTypes: ['geodetic'], exact: true }),
      200,
      /^(?![\s\S]*ca:A1)[\s\S]*gml:pos/,
    ],
    [
      'a further reference, not exactly',
      document(),
      writeLocationRequest({ locationTypes: ['locationURI'] }),
      200,
      /^(?![\s\S]*locationUriSet)/,
    ],
    [
      'a further reference, exactly',
      document(),
      writeLocationRequest({ locationTypes: ['locationURI'], exact: true }),
      'cannotProvideLiType',
      /./,
    ],
    [
      'an identity (RFC 6155)',
      document(),
      writeLocationRequest({ device: [{ kind: 'uri', uri: 'sip:a@b' }] }),
      'badIdentifier',
      /./,
    ],
    ['no XML', document(), 'hello', 'xmlError', /./],
    ['a DOCTYPE', document(), '<!DOCTYPE a><locationRequest/>', 'xmlError', /./],
    [
      'another message',
      document(),
      '<createContext xmlns="urn:ietf:params:xml:ns:geopriv:held:context"/>',
      'unsupportedMessage',
      /./,
    ],
  ])('%s', async (_name, published, body, code, content) => {
    const { served } = references();
    const answer = await ask(served, tokenIn(served.publish(published)), post(body));
    expect(answer.code).toBe(code);
    expect(answer.text).toMatch(content);
    if (schemasSkipped === '') expect(schemaErrors('held', answer.text)).toEqual([]);
  });

  it('takes no other type and no other method', async () => {
    const { served } = references();
    const token = tokenIn(served.publish(document()));
    expect((await ask(served, token, { method: 'POST', type: 'text/plain' })).code).toBe(
      'http.unsupportedMediaType',
    );
    expect((await ask(served, token, { method: 'PUT' })).code).toBe('http.methodNotAllowed');
  });
});

describe('RFC 6753 §4.1 Authorization by Possession', () => {
  const request = writeLocationRequest({});

  it('ends with the lifetime', async () => {
    const { served, clock } = references();
    const token = tokenIn(served.publish(document()));
    clock.advanceTo(clock.mono() + 59_999);
    expect((await ask(served, token)).code).toBe(200);
    clock.advanceTo(clock.mono() + 1);
    expect((await ask(served, token)).code).toBe('http.noSuchPath');
    expect((await ask(served, token, post(request))).code).toBe('locationUnknown');
    expect(served.counts()).toEqual({ published: 1, served: 1, expired: 2, unknown: 0, refused: 0 });
  });

  it('RFC 5808 §3.2: is a URI that differs each time and shows nothing of what it leads to', () => {
    const { served } = references();
    const [first, second] = [served.publish(document()), served.publish(document())];
    expect(first).not.toBe(second);
    expect(first).toMatch(/^https:\/\/esrp\.example\.net\/location\/[\w-]+$/);
    expect(Buffer.from(tokenIn(first), 'base64url').includes('2.5 1.5')).toBe(false);
  });

  it('no byte of it can be changed', async () => {
    const { served } = references();
    const bytes = Buffer.from(tokenIn(served.publish(document())), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect((await ask(served, changed.toString('base64url'))).code).toBe('http.noSuchPath');
    }
    expect(served.counts().unknown).toBe(bytes.length);
  });

  it.each(['', 'A', 'A'.repeat(48), 'A'.repeat(20_000), '%2e%2e', 'a/b', 'ä'])(
    '%j leads nowhere',
    async (token) => {
      const { served } = references();
      expect((await ask(served, token)).code).toBe('http.noSuchPath');
      expect((await ask(served, token, post(request))).code).toBe('locationUnknown');
    },
  );

  it('holds on every node that has the secret, the newest one sealing', async () => {
    const [old, both, other, fresh] = [
      references().served,
      references({ secrets: ['another secret of the same', secret] }).served,
      references({ secrets: ['another secret of the same'] }).served,
      references({ secrets: [] }).served,
    ];
    const sealedByOld = tokenIn(old.publish(document()));
    const sealedByBoth = tokenIn(both.publish(document()));
    expect((await ask(both, sealedByOld)).code).toBe(200);
    expect((await ask(other, sealedByOld)).code).toBe('http.noSuchPath');
    expect((await ask(fresh, sealedByOld)).code).toBe('http.noSuchPath');
    expect((await ask(other, sealedByBoth)).code).toBe(200);
    expect((await ask(fresh, tokenIn(fresh.publish(document())))).code).toBe(200);
  });

  it('stays short enough for a header: a document of ours', () => {
    expect(references().served.publish(document({ civic })).length).toBeLessThan(500);
  });
});

describe('the paths of references', () => {
  const token = 'A'.repeat(60);
  it.each<[string, string, string | undefined]>([
    ['https://a.example/location', `/location/${token}`, token],
    ['https://a.example/location/', `/location/${token}?x=1`, token],
    ['https://a.example/location', '/location/short', 'short'],
    ['https://a.example/location', '/locations/x', undefined],
    ['https://a.example/location', '/api/v1/calls', undefined],
    ['https://a.example', `/${token}`, token],
    ['https://a.example', '/api', undefined],
    ['https://a.example', '/livez', undefined],
  ])('%s: %s', (baseUri, target, wanted) => {
    expect(references({ baseUri }).served.tokenOf(target)).toBe(wanted);
  });
});

import { describe, expect, it } from 'vitest';
import { PresenceFetcher } from '../../src/server-presence.ts';
import { subscriptionTarget } from '../../src/sip/events/index.ts';
import { headerValue } from '../../src/sip/message/index.ts';
import { SubscriberHarness } from '../support/subscriber-harness.ts';

// How a location is asked for by presence (RFC 6442 §4.6).

describe('RFC 3856 §5 usage of presence URIs', () => {
  it.each([
    ['sip:ann@example.net', 'sip:ann@example.net'],
    ['sips:ann@example.net;transport=tcp', 'sips:ann@example.net;transport=tcp'],
    ['pres:ann@example.net', 'sip:ann@example.net'],
    ['PRES:ann@example.net?subject=x', 'sip:ann@example.net'],
    ['sip:ann@example.net;method=INVITE?Route=%3Csip:10.0.0.1%3E', 'sip:ann@example.net'],
    ['sip:[2001:db8::1]:5070', 'sip:[2001:db8::1]:5070'],
  ])('%s is asked as %s', (uri, target) => {
    const read = subscriptionTarget(uri);
    expect(read.ok && read.value.raw).toBe(target);
  });

  it.each(['pres:example.net', 'pres:', 'tel:+12025550143', 'https://example.net/', 'sip:', 'mailto:a@b'])(
    '%s cannot be asked',
    (uri) => {
      expect(subscriptionTarget(uri)).toMatchObject({ ok: false, error: { code: 'events.target' } });
    },
  );
});

/** A fetcher on a subscriber whose clock jumps; its own deadline is far away. */
function fetching(options: { readonly concurrentMax?: number } = {}) {
  const at = new SubscriberHarness();
  const fetcher = new PresenceFetcher({
    concurrentMax: options.concurrentMax ?? 10,
    resourcePriority: 'esnet.1',
    refusal: ({ host }) =>
      host === '10.0.0.1' ? { code: 'events.addressRefused', message: 'private' } : undefined,
    submit: (input) => {
      at.submit(input);
      flush();
    },
  });
  let told = 0;
  const flush = (): void => {
    while (told < at.events.length) {
      const event = at.events[told];
      told += 1;
      if (event !== undefined) fetcher.onEvent(event);
    }
  };
  return { at, fetcher, flush };
}

const uri = 'sip:ann@198.51.100.7';
const farMs = 60_000;
const located =
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
  'xmlns:gml="http://www.opengis.net/gml" entity="pres:ann@example.net"><tuple id="t"><status><gp:geopriv>' +
  '<gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>40 -100</gml:pos></gml:Point>' +
  '</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>';
const empty =
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:ann@example.net"><tuple id="t"><status>' +
  '<basic>open</basic></status></tuple></presence>';

describe('RFC 3856 §6 the presence event package', () => {
  it('§6.1 §6.3 asks for presence in PIDF, with a filter', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    const request = at.lastSubscribe();
    expect(headerValue(request, 'event')).toMatch(/^presence;/);
    expect(headerValue(request, 'accept')).toContain('application/pidf+xml');
    expect(headerValue(request, 'content-type')).toBe('application/simple-filter+xml');
    expect(headerValue(request, 'resource-priority')).toBe('esnet.1');
    at.notify({ body: located });
    flush();
    expect(await found).toMatchObject({ contentType: 'application/pidf+xml', uri });
    fetcher.stop();
  });

  it('§6.8 waits for what was pending, empty or without a location', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    for (const parts of [{ state: 'pending' }, {}, { body: empty }]) {
      at.notify(parts);
      flush();
      expect(fetcher.counts()).toMatchObject({ underWay: 1, waiting: 1 });
    }
    at.notify({ body: located });
    flush();
    expect(Buffer.from((await found).bytes).toString()).toBe(located);
    expect(headerValue(at.lastSubscribe(), 'expires')).toBe('0');
    expect(fetcher.counts()).toEqual({ underWay: 0, waiting: 0, fetched: 1, failed: 0 });
  });

  it('§6.9 makes one dialog of a forked SUBSCRIBE', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    at.notify({ tag: 'one', state: 'pending' });
    at.notify({ tag: 'two', body: located });
    flush();
    expect(at.answers()).toEqual([200, 481]);
    at.notify({ tag: 'one', body: located });
    flush();
    await found;
  });

  it('has one subscription for all that ask for the same', async () => {
    const { at, fetcher, flush } = fetching({ concurrentMax: 1 });
    const all = [fetcher.fetch(uri, farMs), fetcher.fetch(uri, farMs)];
    await expect(fetcher.fetch('sip:bob@198.51.100.7', farMs)).rejects.toMatchObject({ code: 'events.busy' });
    expect(at.subscribes()).toHaveLength(1);
    at.notify({ body: located });
    flush();
    expect(await Promise.all(all)).toHaveLength(2);
  });

  it('follows a notifier to where the subscription has moved', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    at.notify({ state: 'terminated;reason=deactivated' });
    at.pass(1);
    expect(at.subscribes()).toHaveLength(2);
    at.notify({ body: located });
    flush();
    await found;
  });

  const failures: readonly (readonly [name: string, code: string, act: (at: SubscriberHarness) => void])[] = [
    ['a refusal', 'events.subscribeFailed', (at) => at.respond(403)],
    ['an end', 'events.noLocation', (at) => at.notify({ state: 'terminated;reason=noresource' })],
    ['a wrong type', 'events.notifyRefused', (at) => at.notify({ body: 'x', contentType: 'image/gif' })],
    ['too large a body', 'events.notifyRefused', (at) => at.notify({ body: Buffer.alloc(140_000) })],
  ];
  it.each(failures)('rejects after %s with %s', async (_name, code, act) => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    const rejected = expect(found).rejects.toMatchObject({ code });
    act(at);
    flush();
    await rejected;
    expect(fetcher.counts()).toEqual({ underWay: 0, waiting: 0, fetched: 0, failed: 1 });
  });

  it.each([
    ['sip:ann@10.0.0.1', 'events.addressRefused'],
    ['https://example.net/', 'events.target'],
  ])('refuses %s before anything leaves', async (refused, code) => {
    const { at, fetcher } = fetching();
    await expect(fetcher.fetch(refused, farMs)).rejects.toMatchObject({ code });
    expect(at.sent).toEqual([]);
  });

  it('hands on what cannot be read at all, so that it is told why', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    at.notify({ body: '<presence' });
    flush();
    expect(Buffer.from((await found).bytes).toString()).toBe('<presence');
  });

  it('tells who waits when it stops', async () => {
    const { fetcher } = fetching();
    const rejected = expect(fetcher.fetch(uri, farMs)).rejects.toMatchObject({ code: 'events.busy' });
    fetcher.stop();
    await rejected;
    await expect(fetcher.fetch(uri, farMs)).rejects.toMatchObject({ code: 'events.busy' });
  });
});

describe('RFC 6447 §3 filters of a location subscription', () => {
  it('§3.5 asks for every form of location', () => {
    const { at, fetcher } = fetching();
    const rejected = expect(fetcher.fetch(uri, farMs)).rejects.toBeDefined();
    const body = at.lastSubscribe().body.toString();
    expect(body).toMatch(/<filter-set[^>]* package="presence"/);
    expect(body).toMatch(/<what><lf:locationType>any<\/lf:locationType><\/what>/);
    fetcher.stop();
    return rejected;
  });

  it('§3.6 asks to be told soon, again and again', () => {
    const { at, fetcher } = fetching();
    const rejected = expect(fetcher.fetch(uri, farMs)).rejects.toBeDefined();
    expect(headerValue(at.lastSubscribe(), 'event')).toBe('presence;min-rate=2');
    fetcher.stop();
    return rejected;
  });

  it('§3.6 takes a NOTIFY whose Event has no rate for the same subscription', async () => {
    const { at, fetcher, flush } = fetching();
    const found = fetcher.fetch(uri, farMs);
    at.notify({ event: 'presence', body: located });
    flush();
    await found;
  });
});

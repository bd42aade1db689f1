import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { nothingOpen, type RequestParts } from '../support/proxy-harness.ts';

// What the documents ask of a proxy that routes calls for help, with the whole server's decisions and without its sockets.

let proxy = new EmergencyProxy();

afterEach(() => {
  for (const peer of [proxy.psap, proxy.fallback, proxy.bob]) {
    for (const message of peer.inbox) {
      if (message.kind === 'request' && message.method !== 'ACK') peer.respond(message, 486);
    }
  }
  expect(proxy.harness.drain()).toEqual(nothingOpen);
});

const boundary = 'b1';

/** A body with SDP and a location in Texas. */
function located(): Pick<RequestParts, 'headers' | 'body'> {
  const pidf = [
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
    ' xmlns:gml="http://www.opengis.net/gml" entity="pres:a@example.net"><tuple id="t"><status><gp:geopriv>',
    '<gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>29.76 -95.36</gml:pos></gml:Point>',
    '</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>',
  ].join('');
  const part = (type: string, more: string, text: string) =>
    `--${boundary}\r\nContent-Type: ${type}\r\n${more}\r\n${text}\r\n`;
  return {
    headers: ['Geolocation: <cid:loc@example.net>', `Content-Type: multipart/mixed;boundary=${boundary}`],
    body:
      part('application/sdp', '', 'v=0') +
      part('application/pidf+xml', 'Content-ID: <loc@example.net>\r\n', pidf) +
      `--${boundary}--\r\n`,
  };
}

/** Sends a call for help with more headers; where it has a location, the PSAP gets it, else the default route. */
async function call(parts: RequestParts = {}, location: Partial<RequestParts> = located()) {
  proxy = new EmergencyProxy();
  const headers = [...(location.headers ?? []), ...(parts.headers ?? [])];
  const text = proxy.caller.requestText({ ...location, ...parts, headers });
  await proxy.send(text);
  return gotRequest(proxy.psap.inbox.length > 0 ? proxy.psap : proxy.fallback);
}

describe('RFC 6881: rows for proxies', () => {
  it.each([
    ['SP-2', 'sip:911@example.net;user=phone'],
    ['SP-2', 'tel:911'],
    ['SP-7', 'sip:9-1-1@example.net'],
  ])(
    'RFC 6881 §5, §9.3 SP-33 rule 1 (%s): %s becomes the service URN, and is routed',
    async (_row, requestUri) => {
      const request = await call({ requestUri });
      expect(request.requestUri).toBe('urn:service:sos');
      expect(headerValues(request, 'route')).toEqual(['<sip:psap@192.0.2.20;lr>']);
    },
  );

  it('RFC 6881 §5 SP-9: a sub-service is taken as one of sos', async () => {
    const request = await call({ requestUri: 'urn:service:sos.mountain' });
    expect(request.requestUri).toBe('urn:service:sos.mountain');
  });

  it('RFC 6881 §6.9 SP-18, §9.3 SP-33 rule 2: the location that the endpoint gave decides', async () => {
    const request = await call();
    expect(headerValues(request, 'route')).toEqual(['<sip:psap@192.0.2.20;lr>']);
    expect(proxy.records.at(-1)?.located?.location).toBeDefined();
  });

  it('RFC 6881 §6.9 SP-19: every location object and reference reaches the PSAP as it came', async () => {
    const more = [
      'Geolocation: <https://lis.example.net/1>, <cid:loc2@example.net>',
      'Geolocation-Routing: yes',
    ];
    const request = await call({ headers: more });
    expect(headerValues(request, 'geolocation')).toEqual([
      '<cid:loc@example.net>',
      '<https://lis.example.net/1>',
      '<cid:loc2@example.net>',
    ]);
    expect(request.body.toString('latin1')).toBe(located().body);
  });

  it('RFC 6881 §8 SP-27, SP-28: without a mapping there is a default one', async () => {
    const request = await call({}, {});
    expect(headerValues(request, 'route')).toEqual(['<sip:default@192.0.2.21;lr>']);
  });

  it('RFC 6881 §9.3 SP-33 rule 5: no 424, however bad the location is', async () => {
    const bad = { headers: ['Geolocation: <cid:nothing@example.net>, <<<', 'Geolocation-Routing: yes'] };
    const request = await call({}, bad);
    expect(headerValues(request, 'route')).toEqual(['<sip:default@192.0.2.21;lr>']);
    expect(proxy.delivered).not.toContain('424');
  });

  it.each([['no'], ['yes'], ['later'], [undefined]])(
    'RFC 6881 §9.3 SP-33 rule 6: a call is routed by its location with Geolocation-Routing %s',
    async (value) => {
      const request = await call({ headers: value === undefined ? [] : [`Geolocation-Routing: ${value}`] });
      expect(headerValues(request, 'route')).toEqual(['<sip:psap@192.0.2.20;lr>']);
      expect(headerValue(request, 'geolocation-routing')).toBe(value);
    },
  );
});

describe('RFC 6442 §4: location conveyance through a proxy', () => {
  // RFC 6881 §9.3 SP-33 rule 6: emergency calls are always routed by location.
  it('RFC 6442 §4.2, deviation: the location of a call for help is looked at though Geolocation-Routing says no', async () => {
    await call({ headers: ['Geolocation-Routing: no'] });
    expect(proxy.records.at(-1)?.located?.location).toBeDefined();
  });

  it('RFC 6442 §4.2: the location of other requests is not looked at', async () => {
    proxy = new EmergencyProxy();
    await proxy.send(proxy.caller.requestText({ requestUri: 'sip:bob@example.com', ...located() }));
    expect([proxy.delivered, proxy.records]).toEqual(['bob INVITE', []]);
  });

  it('RFC 6442 §4.1: no location is added, changed or taken away', async () => {
    expect(headerValues(await call({}, {}), 'geolocation')).toEqual([]);
    expect(headerValues(await call(), 'geolocation')).toEqual(['<cid:loc@example.net>']);
  });

  it('RFC 6442 §4.3, §4.4: a 424 goes up with its location and its Geolocation-Error as it came', async () => {
    proxy = new EmergencyProxy('udp', {});
    await proxy.send(proxy.caller.requestText({ requestUri: 'sip:bob@example.com', ...located() }));
    const request = gotRequest(proxy.bob);
    const { body = '' } = located();
    const text = proxy.bob
      .respond(request, 180)
      .bytes.toString('latin1')
      .replace('180 Ringing', '424 Bad Location Information')
      .replace(
        'Content-Length: 0\r\n\r\n',
        `Geolocation-Error: 100;code="Cannot Process Location"\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    proxy.bob.send(text);
    const got = proxy.caller.inbox.at(-1);
    expect(got?.kind === 'response' && got.statusCode).toBe(424);
    expect(got && headerValue(got, 'geolocation-error')).toBe('100;code="Cannot Process Location"');
    expect(got?.body.toString('latin1')).toBe(body);
    proxy.bob.inbox.length = 0;
  });
});

describe('RFC 7852: additional data', () => {
  it('RFC 7852 §6.1: references to additional data pass, the purposes as written, beside the identifiers', async () => {
    const values = [
      '<https://data.example.net/1>;purpose=EmergencyCallData.ServiceInfo',
      '<cid:data@example.net>;purpose=EmergencyCallData.DeviceInfo',
    ];
    const request = await call({ headers: values.map((value) => `Call-Info: ${value}`) });
    expect(headerValues(request, 'call-info').slice(0, 2)).toEqual(values);
    expect(headerValues(request, 'call-info')).toHaveLength(4);
  });

  it('RFC 7852 §6.1: no block is added by value, since the body is not a proxy’s to change', async () => {
    const request = await call();
    expect(request.body.toString('latin1')).toBe(located().body);
  });
});

describe('RFC 4412 §4.6 and §4.7.3: Resource-Priority', () => {
  it('RFC 4412 §4.7.3: one is inserted where there is none', async () => {
    expect(headerValues(await call(), 'resource-priority')).toEqual(['esnet.1']);
  });

  it.each(['esnet.4', 'ets.0, wps.3', 'unknown.thing'])(
    'RFC 4412 §4.6.2: %s is neither changed nor deleted, understood or not',
    async (value) => {
      const request = await call({ headers: [`Resource-Priority: ${value}`] });
      expect(headerValues(request, 'resource-priority')).toEqual(value.split(', '));
    },
  );

  // Require speaks to the endpoint (RFC 3261 §8.2.2.3), and no call for help ends here for its priority.
  it('RFC 4412 §4.6.2 rule 2, deviation: no 417 to a call for help, though Require names the option', async () => {
    const request = await call({ headers: ['Resource-Priority: unknown.1', 'Require: resource-priority'] });
    expect(headerValues(request, 'require')).toEqual(['resource-priority']);
  });

  it('RFC 4412 §4.7.3: a 417 of the called side goes up with what it accepts', async () => {
    proxy = new EmergencyProxy();
    await proxy.send(proxy.caller.requestText({ requestUri: 'sip:bob@example.com' }));
    const accepted = [['Accept-Resource-Priority', 'ets.0']] as const;
    proxy.bob.respond(gotRequest(proxy.bob), 417, { headers: accepted });
    const got = proxy.caller.inbox.at(-1);
    expect(got && headerValues(got, 'accept-resource-priority')).toEqual(['ets.0']);
  });
});

describe('RFC 7044: History-Info of a call that is dialled', () => {
  it.each([
    ['without one that came', [], ['<sip:911@example.net>;index=1', '<urn:service:sos>;index=1.1;mp=1']],
    [
      'after one about the same Request-URI',
      ['<sip:911@example.net>;index=1.2'],
      ['<urn:service:sos>;index=1.2.1;mp=1.2'],
    ],
    [
      'after one about another: the gap is filled',
      ['<sip:old@example.net>;index=1'],
      ['<sip:911@example.net>;index=1.0', '<urn:service:sos>;index=1.0.1;mp=1.0'],
    ],
  ])('RFC 7044 §9.1, §9.2, §10.3: %s', async (_name, received, added) => {
    const request = await call({
      requestUri: 'sip:911@example.net',
      headers: received.map((value) => `History-Info: ${value}`),
    });
    expect(headerValues(request, 'history-info')).toEqual([...received, ...added]);
  });
});

describe('RFC 8262 §3.4.2 and RFC 3325: what else passes', () => {
  it('RFC 8262 §3.4.2: a Content-ID of the whole body stays, and names the location there', async () => {
    const { body = '' } = located();
    const pidf = /<presence.*<\/presence>/.exec(body)?.[0] ?? '';
    const headers = [
      'Geolocation: <cid:whole@example.net>',
      'Content-Type: application/pidf+xml',
      'Content-ID: <whole@example.net>',
    ];
    const request = await call({}, { headers, body: pidf });
    expect(headerValue(request, 'content-id')).toBe('<whole@example.net>');
    expect(headerValues(request, 'route')).toEqual(['<sip:psap@192.0.2.20;lr>']);
  });

  // RFC 6881 §9.3 SP-33 rule 4 leaves it to the regulations in force where the PSAP is; there the caller is to be known.
  it('RFC 3325 §7, deviation: the asserted identity of a call for help passes with Privacy: id', async () => {
    const headers = ['P-Asserted-Identity: <tel:+15551230000>', 'Privacy: id'];
    const request = await call({ headers });
    expect(headerValues(request, 'p-asserted-identity')).toEqual(['<tel:+15551230000>']);
    expect(headerValues(request, 'privacy')).toEqual(['id']);
  });
});

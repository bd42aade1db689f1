import { describe, expect, it } from 'vitest';
import { defaultLocationLimits, parsePidfLo } from '../../src/location/index.ts';
import { defaultFramingLimits, StreamFramer } from '../../src/sip/framing/index.ts';
import {
  headers,
  headerValue,
  headerValues,
  requestUriOf,
  type SipMessage,
} from '../../src/sip/message/index.ts';
import { deck, deckMultipart, deckPidf, deckSdp, replaced, sip } from '../support/deck-messages.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { parsed } from '../support/sip-builders.ts';

// The mistakes in the messages of a presentation of 2004, each through the proxy with the call flow behind it: what it
// takes, what it takes with a word on the record, and what it refuses with which code. A call for help is routed with
// every one of them that leaves something to route by.

const emergency = 'urn:service:sos';

/** The message with another Request-URI. */
function to(uri: string, lines: readonly string[]): readonly string[] {
  const [first = '', ...rest] = lines;
  return [first.replace(/ .* /, ` ${uri} `), ...rest];
}

function answerTo(proxy: EmergencyProxy): string {
  const last = proxy.caller.inbox.at(-1);
  return last?.kind === 'response' ? `${last.statusCode} ${last.reasonPhrase}` : 'nothing';
}

/** A response of Bob's to what he got: its Via values, and the lines of the deck behind them. */
function answerLike(request: SipMessage, lines: readonly string[], body = ''): Buffer {
  const [status = '', ...rest] = lines;
  const vias = headerValues(request, 'via').map((via) => `Via: ${via}`);
  const isVia = (line: string): boolean => line.startsWith('Via:') || line.startsWith(' ;branch');
  return sip([status, ...vias, ...rest.filter((line) => !isVia(line))], body);
}

/** What a call for help with such lines meets: where it goes, and what is noted about it. */
async function helpWith(lines: readonly string[], body: string | Buffer = '') {
  const proxy = new EmergencyProxy();
  await proxy.send(sip(lines, body));
  return { proxy, request: gotRequest(proxy.fallback), warnings: proxy.warnings };
}

describe('addresses', () => {
  it('defect 1: a URI of a host alone is taken (RFC 3261 §19.1.1: the user part is optional)', async () => {
    const proxy = new EmergencyProxy();
    const lines = replaced(to('sip:jdoe.cisco.com', deck.invite), {
      'From:': 'From: <sip:jmpolk.cisco.com>;tag=1',
    });
    const message = await proxy.send(sip(lines));
    expect(message.defects).toEqual([]);
    expect(message.kind === 'request' && requestUriOf(message)).toMatchObject({
      ok: true,
      value: { host: 'jdoe.cisco.com', user: undefined },
    });
    expect(proxy.delivered).toBe('bob INVITE');
    const { warnings } = await helpWith(to(emergency, lines));
    expect(warnings).toEqual([]);
  });

  it('defect 2: a space before ;user=phone in the Request-URI is refused with 400 (RFC 3261 §25.1), help is routed', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(to('sip:14085551234@gateway.com; user=phone', deck.invite)));
    expect([proxy.delivered, answerTo(proxy)]).toEqual(['caller 400', '400 Malformed start line']);
    const { request, warnings } = await helpWith(to('sip:911@gateway.com; user=phone', deck.invite));
    expect(warnings).toEqual(['message.startLine']);
    expect(request.requestUri).toBe(emergency);
  });

  it('defect 2: the same inside the brackets of To is taken, and leaves as it came', async () => {
    const value = '<sip:14085551234@10.1.1.1; user=phone>';
    const proxy = new EmergencyProxy();
    await proxy.send(sip(replaced(deck.invite, { 'To:': `To: ${value}` })));
    expect(headerValue(gotRequest(proxy.bob), 'to')).toBe(value);
  });

  it('defect 8, 14: /TCP behind the Request-URI is refused with 400 (RFC 3261 §25.1), help is routed', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.update));
    expect([proxy.delivered, answerTo(proxy)]).toEqual(['caller 400', '400 Malformed Request-URI']);
    const { request, warnings } = await helpWith(to('sip:sos@biloxi.com/TCP', deck.invite));
    expect([request.requestUri, warnings]).toEqual([emergency, ['message.requestUriForm']]);
  });

  it('defect 9: a Via of sip:alice@atlanta.com is refused with 400 (RFC 3261 §20.42), at the address it came from; help is routed', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.options));
    expect([proxy.delivered, answerTo(proxy)]).toEqual(['caller 400', '400 Malformed Via']);
    const help = await helpWith(
      replaced(to(emergency, deck.invite), { 'Via:': 'Via: SIP/2.0/TCP sip:alice@atlanta.com' }),
    );
    expect(help.warnings).toEqual(['message.via']);
    expect(headerValues(help.request, 'via')[1]).toContain('sip:alice@atlanta.com');
    help.proxy.fallback.respond(help.request, 200);
    expect(help.proxy.delivered).toContain('caller 200');
  });

  it('defect 11: addresses without brackets, ` ;tag` and an underscore in the host are taken (RFC 3261 §20.10)', async () => {
    const proxy = new EmergencyProxy();
    const message = await proxy.send(sip(deck.subscribe));
    expect([message.defects, proxy.delivered]).toEqual([[], 'bob SUBSCRIBE']);
    const request = gotRequest(proxy.bob);
    expect(headerValue(request, 'from')).toBe('sip:app_IM.atlanta.com ;tag=123aa9');
    // The answer's CSeq 9987 for 9887: RFC 3261 §17.1.3 matches by branch and method, and who asked has to see.
    proxy.bob.send(
      answerLike(request, [
        'SIP/2.0 200 OK',
        ...replaced(deck.subscribe, { 'CSeq:': 'CSeq: 9987 SUBSCRIBE' }).slice(1),
      ]),
    );
    expect(proxy.delivered).toContain('caller 200');
    const { warnings } = await helpWith(to(emergency, deck.subscribe));
    expect(warnings).toEqual([]);
  });

  it('defect 12: an unbalanced To and an untagged From in a 200 reach the caller as they are, and are not refused', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.message));
    const answer = [
      'SIP/2.0 200 OK',
      'To: sip: sip:bob@biloxi.com>;tag=1928301774',
      'From: alice@atlanta.com',
      'Call-ID: a84b4c76e66710@pc33.atlanta.com',
      'CSeq: 22756 MESSAGE',
      'Content-Length: 0',
    ];
    proxy.bob.send(answerLike(gotRequest(proxy.bob), answer));
    const response = proxy.caller.takeResponse(200);
    expect(headerValue(response, 'to')).toBe('sip: sip:bob@biloxi.com>;tag=1928301774');
    expect(headerValue(response, 'from')).toBe('alice@atlanta.com');
  });

  it('defect 12: in a call for help, To is of no use to its way; a From that is no URI is routed too', async () => {
    const lines = replaced(to(emergency, deck.invite), {
      'To:': 'To: sip: sip:bob@biloxi.com>;tag=',
      'From:': 'From: alice@atlanta.com',
    });
    const { warnings } = await helpWith(lines);
    expect([...warnings].sort()).toEqual(['message.from', 'message.to']);
  });
});

describe('transactions', () => {
  it('defect 3: From and To of a 200 swapped and a Contact-Length: passed on, the unknown header untouched (RFC 3261 §16.7)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.register));
    proxy.bob.send(answerLike(gotRequest(proxy.bob), deck.registerOk));
    const response = proxy.caller.takeResponse(200);
    expect(headerValue(response, 'contact-length')).toBe('0');
    expect(headerValue(response, 'from')).toBe('server19.atlanta.com ;tag=283074');
    expect(headerValue(response, 'content-length')).toBe('0');
  });

  it('defect 4: an ACK of another Call-ID and branch ends no INVITE (RFC 3261 §17.1.1.3)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.invite));
    proxy.bob.respond(gotRequest(proxy.bob), 486);
    expect(proxy.delivered).toContain('caller 486');
    await proxy.send(sip(deck.ack));
    proxy.caller.inbox.length = 0;
    proxy.harness.wait(600);
    expect(proxy.delivered).toContain('caller 486');
  });

  it('defect 5: the branch of the ACK used again for a BYE: told apart by the method (RFC 3261 §17.2.3)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.ack));
    const bye = replaced(deck.bye, {
      BYE: 'BYE sip:bob@192.168.10.20 SIP/2.0',
      'Via:': 'Via: SIP/2.0/TCP pc33.atlanta.com;branch=z9hG4bKnashds8',
    });
    await proxy.send(sip(bye));
    expect(proxy.delivered).toBe('bob ACK, bob BYE');
  });

  it('defect 6: a Via without branch is matched by the rule of RFC 2543 (RFC 3261 §17.2.3), and its 200 comes back', async () => {
    const proxy = new EmergencyProxy();
    const lines = replaced(deck.invite, { 'Via:': 'Via: SIP/2.0/TCP 192.168.10.20', ' ;branch': ' ;x' });
    await proxy.send(sip(lines));
    await proxy.send(sip(lines));
    expect(proxy.delivered).toBe('bob INVITE');
    proxy.bob.respond(gotRequest(proxy.bob), 200);
    expect(headerValues(proxy.caller.takeResponse(100), 'via')).toHaveLength(1);
    proxy.caller.inbox.shift();
    expect(proxy.delivered).toContain('caller 200');
    const { warnings } = await helpWith(to(emergency, lines));
    expect(warnings).toEqual([]);
  });

  it('defect 6: a response whose top Via has no branch of ours belongs to nothing and is dropped (RFC 3261 §16.7, §18.1.2)', async () => {
    const proxy = new EmergencyProxy();
    proxy.bob.send(sip(deck.byeOk));
    expect(proxy.delivered).toBe('nothing');
    expect(proxy.harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['no transaction']);
  });

  it('defect 7: a CANCEL with another CSeq number is matched by its branch (RFC 3261 §9.2, §17.2.3) and answered 200', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(to(emergency, deck.invite)));
    const invite = gotRequest(proxy.fallback);
    proxy.fallback.respond(invite, 180);
    await proxy.send(sip(to(emergency, deck.cancel)));
    expect(proxy.delivered).toBe('fallback INVITE, fallback CANCEL, caller 180, caller 200');
    // Ours has the number of the INVITE (§9.1), and the caller's Reason.
    const cancel = gotRequest(proxy.fallback);
    expect(headerValue(cancel, 'cseq')).toBe('314159 CANCEL');
    expect(headerValue(cancel, 'reason')).toBe('SIP ;cause=486 ;text="Busy"');
  });

  it('defect 7: a 487 whose CSeq names CANCEL ends no INVITE; the caller gets its 487 all the same (RFC 3261 §9.1)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(to(emergency, deck.invite)));
    const invite = gotRequest(proxy.fallback);
    proxy.fallback.respond(invite, 180);
    await proxy.send(sip(to(emergency, deck.cancel)));
    const cancel = gotRequest(proxy.fallback);
    proxy.fallback.respond(cancel, 487);
    expect(proxy.delivered).not.toContain('caller 487');
    proxy.harness.wait(40_000);
    expect(proxy.delivered).toContain('caller 487');
  });

  it("defect 8: a proxy's CANCEL with a branch, From and CSeq of its own cancels nothing: 481 (RFC 3261 §9.2)", async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.invite));
    await proxy.send(sip(deck.proxyCancel));
    expect([proxy.delivered, answerTo(proxy)]).toEqual([
      'bob INVITE, caller 481',
      '481 Call/Transaction Does Not Exist',
    ]);
  });

  it('defect 10: a CSeq without method is refused with 400 (RFC 3261 §20.16), help is routed by the method of the request', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.prack));
    expect([proxy.delivered, answerTo(proxy)]).toEqual(['caller 400', '400 Invalid CSeq']);
    const help = await helpWith(replaced(to(emergency, deck.invite), { 'CSeq:': 'CSeq: 314159' }));
    expect(help.warnings).toEqual(['message.cseq']);
    expect(headerValue(help.request, 'cseq')).toBe('314159');
  });

  it('defect 10: a 183 with RSeq and no Require: 100rel passes as it is (RFC 3262 §3 binds the user agents)', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(to(emergency, deck.invite)));
    const invite = gotRequest(proxy.fallback);
    proxy.fallback.respond(invite, 183, { headers: [['RSeq', '813520']] });
    proxy.caller.takeResponse(100);
    const response = proxy.caller.takeResponse(183);
    expect([headerValue(response, 'rseq'), headerValue(response, 'require')]).toEqual(['813520', undefined]);
  });

  it('defect 21: a MESSAGE without Via is dropped: there is no way back (RFC 3261 §8.1.1, §18.2.2)', async () => {
    for (const uri of ['sip:bob@biloxi.com', emergency]) {
      const proxy = new EmergencyProxy();
      const message = await proxy.send(sip(to(uri, deck.indirect)));
      expect([message.defects[0]?.message, proxy.delivered]).toEqual(['Missing Via', 'nothing']);
      expect(proxy.harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['fatal defect']);
    }
  });
});

describe('lengths and bodies', () => {
  const digits = '3 1 8 1 9 6 2';

  it('defect 13: a Content-Length of 16 for 13 octets in a datagram is refused with 400 (RFC 3261 §18.3), help is routed', async () => {
    const proxy = new EmergencyProxy();
    await proxy.send(sip(deck.info, digits));
    expect([proxy.delivered, answerTo(proxy)]).toEqual([
      'caller 400',
      '400 Content-Length exceeds the message',
    ]);
    const help = await helpWith(to(emergency, deck.info), digits);
    expect(help.warnings).toEqual(['message.contentLength']);
    expect([headerValue(help.request, 'content-length'), help.request.body.toString()]).toEqual([
      '13',
      digits,
    ]);
  });

  it('defect 13: on a stream the message is not complete before 16 octets are there (RFC 3261 §18.3)', () => {
    const framer = new StreamFramer(defaultFramingLimits);
    expect(framer.push(sip(deck.info, digits))).toEqual([]);
    expect(framer.push(Buffer.from('\r\n\r'))).toMatchObject([{ kind: 'message' }]);
  });

  it('defect 15: an SDP without s= is the business of the user agents; it passes byte for byte (RFC 3261 §16.6)', async () => {
    const lines = replaced(to(emergency, deck.invite), {
      'Content-Length': `Content-Type: application/sdp\r\nContent-Length: ${deckSdp.length}`,
    });
    const { request, warnings } = await helpWith(lines, deckSdp);
    expect([request.body.toString(), warnings]).toEqual([deckSdp, []]);
  });

  it('defect 16: parts without blank line and no XML in them: to the default route, with the reasons on the record', async () => {
    const { request, warnings } = await helpWith(deck.sosInvite, deckMultipart);
    expect(request.requestUri).toBe(emergency);
    expect(warnings).toEqual(expect.arrayContaining(['body.noBlankLine', 'location.xmlUnreadable']));
    // RFC 3261 §18.3: what stands behind the 311 octets of Content-Length does not belong to the message.
    expect(request.body.toString()).toBe(deckMultipart.slice(0, 311));
  });

  it('defect 16: the same parts around a document that is whole are read, and the call is routed by it', async () => {
    const document = deckPidf(
      '<gml:Point xmlns:gml="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>29.9 -90.1</gml:pos></gml:Point>',
      '',
    );
    const body = deckMultipart.replace(/<A1>[\s\S]*<\/FLR>/, document);
    const proxy = new EmergencyProxy();
    await proxy.send(
      sip(replaced(deck.sosInvite, { 'Content-Length': `Content-Length: ${body.length}` }), body),
    );
    expect([proxy.delivered, proxy.warnings]).toEqual(['psap INVITE', ['body.noBlankLine']]);
    expect(gotRequest(proxy.psap).body.toString()).toBe(body);
  });

  it('defect 17: credentials with a comma missing and 31 digits pass the proxy untouched (RFC 3261 §22.3); they prove nothing', async () => {
    const lines = replaced(deck.authorized, { INVITE: 'INVITE sip:audrey@atlanta.com SIP/2.0' });
    const proxy = new EmergencyProxy();
    const message = await proxy.send(sip(lines));
    expect(proxy.delivered).toBe('bob INVITE');
    expect(headerValue(gotRequest(proxy.bob), 'authorization')).toBe(headerValue(message, 'authorization'));
    expect(headers.authorization.first(message)).toMatchObject({
      ok: false,
      error: { code: 'message.headerValue' },
    });
    const { warnings } = await helpWith(to(emergency, deck.authorized));
    expect(warnings).toEqual([]);
  });

  it('defect 18: a Content-Disposition with a semicolon missing passes; the body stays closed to us (RFC 3261 §20.11)', async () => {
    const body = Buffer.from([0x30, 0x80, 0x06, 0x00, 0xff, 0x0d, 0x0a]);
    const lines = to(emergency, deck.encrypted);
    const { request, warnings } = await helpWith(lines, body);
    expect(request.body.equals(body)).toBe(true);
    expect(warnings).toEqual([]);
    expect(headers.contentDisposition.first(request).ok).toBe(false);
    expect(headerValue(request, 'content-disposition')).toContain('filename=smime.p7m handling=required');
  });

  it('defect 19: external-body parameters without semicolons and a day named Thurs: passed on, and read as far as they go', async () => {
    const withVia = [
      deck.indirect[0],
      'Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK1',
      ...deck.indirect.slice(1),
    ];
    const content = 'Content-Type: image/jpg\r\nContent-ID: <766534765937@atlanta.com>\r\n\r\n';
    const { request, warnings } = await helpWith(to(emergency, withVia), content);
    expect(request.body.toString()).toBe(content);
    expect(warnings).toEqual([]);
    expect(headers.contentTypeHeader.first(request).ok).toBe(false);
    expect(headers.date.parse('Thurs, 22 July 2004 09:00:00 GMT').ok).toBe(false);
  });
});

describe('defect 20: the PIDF-LO of the slides', () => {
  const point =
    '<gml:location><gml:Point gml:id="point96" srsName="epsg:4326"><gml:coordinates>29:56:31N 90:5:49W</gml:coordinates></gml:Point></gml:location>';
  const civic =
    '<cl:civilAddress><cl:country>US</cl:country><cl:A1>Louisiana</cl:A1><cl:A3>New Orleans</cl:A3></cl:civilAddress>';
  const source = { kind: 'body', contentId: undefined, partPath: '0', isReferenced: false } as const;
  const read = (document: string) => parsePidfLo(Buffer.from(document), source, defaultLocationLimits);

  it.each([
    [
      'defect 20: </provided-by/> is no tag: refused',
      point,
      '<provided-by><nena>www.cisco.com</nena></provided-by/>',
    ],
    [
      'defect 20: <nena> closed by </ena>: refused',
      point,
      '<provided-by><nena>www.cisco.com</ena></provided-by>',
    ],
  ])('%s', (_name, location, provider) => {
    const result = read(deckPidf(location, provider));
    expect(result.ok ? 'read' : result.error.code).toMatch(/^location\./);
  });

  it('defect 20: a prefix cl: that is nowhere declared is taken by its local names, with a warning', () => {
    const result = read(deckPidf(civic, ''));
    const entry = result.ok ? result.value.entries[0] : undefined;
    const elements = entry?.kind === 'location' ? entry.location.civic?.elements : undefined;
    expect(elements?.get('A3')).toBe('New Orleans');
    expect(result.ok ? result.value.warnings.map((warning) => warning.code) : []).toEqual([
      'location.namespaceRepaired',
    ]);
  });

  it('defect 20: a <method> without namespace does no harm; degrees, minutes and seconds are read', () => {
    const result = read(deckPidf(point, ''));
    const entries = result.ok ? result.value.entries : [];
    expect(entries[0]).toMatchObject({ kind: 'location' });
    expect(JSON.stringify(entries)).toContain('29.94');
  });

  it('defect 20: a call for help with it goes to the default route, the reason on the record, the body untouched', async () => {
    const document = deckPidf(civic, '<provided-by><nena>www.cisco.com</ena></provided-by/>');
    const lines = replaced(to(emergency, deck.invite), {
      'Content-Length': `Content-Type: application/pidf-lo+xml\r\nContent-Length: ${document.length}`,
    });
    const { request, warnings } = await helpWith(lines, document);
    expect(warnings.join()).toContain('location.');
    expect(request.body.toString()).toBe(document);
  });
});

describe('defect 22: what the slides say of INFO and MESSAGE', () => {
  it('defect 22: an INFO that is not wanted is answered 469 by its receiver (RFC 6086 §4.2.2); the proxy passes that on and says no 487', async () => {
    const proxy = new EmergencyProxy();
    const lines = replaced(deck.info, { 'Content-Length': `Content-Length: 13` });
    await proxy.send(sip(lines, '3 1 8 1 9 6 2'));
    proxy.bob.respond(gotRequest(proxy.bob), 469, { headers: [['Recv-Info', 'foo']] });
    expect(headerValue(proxy.caller.takeResponse(469), 'recv-info')).toBe('foo');
  });

  it('defect 22: a MESSAGE above 1,300 octets is forwarded whole (RFC 3428 §8 minds the transport, not the size)', async () => {
    const body = 'x'.repeat(5_000);
    const lines = [...to(emergency, deck.message), `Content-Length: ${body.length}`];
    const { request, warnings } = await helpWith(lines, body);
    expect([request.body.length, warnings]).toEqual([5_000, []]);
  });
});

it('every message of the slides is parsed or refused, never a reason to stop', () => {
  for (const lines of Object.values(deck)) expect(parsed(sip(lines)).kind).toMatch(/request|response/);
});

#!/usr/bin/env node
// What reading, forwarding and answering one message costs, without sockets. Build first (`npm run build`), then
// `node bench/sip-parse.mjs [folder of the compiled src]`. Prints medians of several rounds; a figure, not a gate.
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const root = resolve(process.argv[2] ?? new URL('../dist/src', import.meta.url).pathname);
const load = (path) => import(pathToFileURL(resolve(root, path)).href);
const message = await load('sip/message/index.js');
const body = await load('sip/body/index.js');
const framing = await load('sip/framing/index.js');

const pidf =
  '<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
  'xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" entity="pres:a@example.net">' +
  '<tuple id="t"><status><gp:geopriv><gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>' +
  '40.7166830 -73.9906976</gml:pos></gml:Point></gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple>' +
  '</presence>\r\n';
const sdp =
  'v=0\r\no=- 53655765 2353687637 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n' +
  'm=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n';
const content =
  `--bnd\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--bnd\r\nContent-ID: <loc-1@example.net>\r\n` +
  `Content-Type: application/pidf+xml\r\n\r\n${pidf}\r\n--bnd--\r\n`;
const invite = Buffer.from(
  [
    'INVITE urn:service:sos SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bK-3141-1-0',
    'Max-Forwards: 70',
    'Route: <sip:192.0.2.1:5060;lr>',
    'From: "Caller" <sip:+15551230000@caller.example.net>;tag=3141f1',
    'To: <urn:service:sos>',
    'Call-ID: 1-3141@192.0.2.4',
    'CSeq: 1 INVITE',
    'Contact: <sip:caller@192.0.2.4:5060;transport=udp>',
    'P-Asserted-Identity: <sip:+15551230000@caller.example.net>',
    'Geolocation: <cid:loc-1@example.net>',
    'Geolocation-Routing: yes',
    'Call-Info: <urn:emergency:uid:callid:1a3141:bcf.example.net>;purpose=emergency-CallId',
    'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO',
    'Supported: geolocation',
    'User-Agent: bench',
    'Content-Type: multipart/mixed;boundary=bnd',
    'MIME-Version: 1.0',
    `Content-Length: ${content.length}`,
    '',
    content,
  ].join('\r\n'),
  'latin1',
);

const options = { framing: 'datagram', limits: message.defaultMessageLimits };
const read = () => {
  // A received datagram is a fresh Buffer; a new view stands for it.
  const outcome = message.parseMessage(invite.subarray(0), options);
  if (outcome.kind !== 'message' || outcome.message.defects.length > 0) throw new Error('defective');
  return outcome.message;
};
const views = (request) =>
  message.topVia(request).value.host.length +
  message.cseq(request).value.sequence +
  message.fromHeader(request).value.tag.length +
  message.toHeader(request).value.uriText.length +
  message.callId(request).length +
  message.maxForwards(request) +
  message.routes(request).value.length +
  message.requestUriOf(request).value.raw.length;
const forward = (request) => {
  const draft = new message.MessageDraft(request);
  draft.removeFirstValue('Route');
  draft.addFirst('Route', '<sip:psap-1@192.0.2.9:5070;lr>');
  draft.addFirst('Record-Route', '<sip:192.0.2.1:5060;lr;token=abcdef>');
  draft.set('Max-Forwards', '69');
  draft.replaceFirstValue(
    'Via',
    'SIP/2.0/UDP 192.0.2.4:5060;rport=5060;received=192.0.2.4;branch=z9hG4bK-3141-1-0',
  );
  draft.addFirst('Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabcdefghijklmnop');
  return draft.toBytes().length;
};
const parsed = read();
const cases = {
  'parse, defects complete': () => read().headers.length,
  'parse, all routing views': () => views(read()),
  'forward (six edits, bytes out)': () => forward(parsed),
  'parse, views and forward': () => {
    const request = read();
    return views(request) + forward(request);
  },
  'build a 100': () => message.buildResponse(parsed, { statusCode: 100 }).bytes.length,
  'build a 200 with tag': () => message.buildResponse(parsed, { statusCode: 200, toTag: 'abc' }).bytes.length,
  'body tree': () => body.leaves(body.readBody(parsed, body.defaultBodyLimits)).length,
  'frame from a stream': () => new framing.StreamFramer(message.defaultMessageLimits).push(invite).length,
};

// jssip knows no URN in Request-URI and To, so it gets a SIP URI there.
const plain = Buffer.from(
  invite.toString('latin1').replaceAll('urn:service:sos', 'sip:sos@example.net'),
  'latin1',
);

// Two parsers of the registry, on the same bytes. Both read every header's grammar at once, ours on demand; what they are
// asked for here is what a proxy has to know of each request.
const peers = {
  sip: async () => {
    const { default: sip } = await import('sip');
    return () => {
      const { uri, headers } = sip.parse(invite);
      return (
        uri.length +
        headers.via[0].host.length +
        headers.cseq.seq +
        headers.from.params.tag.length +
        headers.to.uri.length +
        headers['call-id'].length +
        Number(headers['max-forwards']) +
        headers.route.length
      );
    };
  },
  jssip: async () => {
    const { default: parser } = await import('jssip/lib/Parser.js');
    return () => {
      const request = parser.parseMessage(plain.toString('utf8'), undefined);
      return (
        request.ruri.toString().length +
        request.via.host.length +
        request.cseq +
        request.from_tag.length +
        request.to.uri.toString().length +
        request.call_id.length +
        Number(request.getHeader('max-forwards')) +
        request.getHeaders('route').length
      );
    };
  },
};
for (const [name, prepare] of Object.entries(peers)) {
  try {
    const run = await prepare();
    if (!(run() > 0)) throw new Error('it read something else');
    cases[`the same by the package ${name}`] = run;
  } catch (error) {
    console.log(`SKIPPED the package ${name}: ${error.message.split('\n')[0]}`);
  }
}

const rounds = 9;
const roundUs = 150_000;
/** Processor time of this process, collector and compiler included: what others on the machine take does not count. */
const cpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} processors, Node ${process.version}`,
);
console.log(
  `INVITE of ${invite.length} bytes, ${parsed.headers.length} headers; medians of ${rounds} rounds`,
);
let sink = 0;
const samples = new Map(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(cases)) {
    const start = cpuUs();
    let count = 0;
    let spentUs = 0;
    while (spentUs < roundUs) {
      for (let index = 0; index < 2_000; index++) sink += run();
      count += 2_000;
      spentUs = cpuUs() - start;
    }
    // The first round warms up.
    if (round > 0) samples.get(name).push(spentUs / count);
  }
}
for (const [name, list] of samples) {
  list.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(34)}${list[Math.floor(list.length / 2)].toFixed(2).padStart(8)} us  (best ${list[0].toFixed(2)})`,
  );
}
if (sink === 0) throw new Error('nothing was measured');

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { civicPidf, pointPidf, requestText } from '../support/emergency-messages.ts';

/** Folders of the published and hostile messages, below `FIRSTLINE_VECTORS`. */
const vectorFolders = ['torture/rfc4475', 'torture/rfc5118/wire', 'fuzz/sip', 'fuzz/mime'];
/** Larger than a datagram carries; those go by other tests. */
const seedBytesMax = 60_000;

/** Messages to start from: ours, which are faultless, and those of the vectors folder where there is one. */
export function loadCorpus(vectors: string | undefined): readonly Buffer[] {
  const corpus = ownMessages();
  for (const folder of vectors === undefined ? [] : vectorFolders) {
    const path = join(vectors ?? '', folder);
    if (!existsSync(path)) continue;
    for (const name of readdirSync(path).sort()) {
      if (!/\.(dat|sip)$/.test(name)) continue;
      const bytes = readFileSync(join(path, name));
      if (bytes.length > 0 && bytes.length <= seedBytesMax) corpus.push(bytes);
    }
  }
  return corpus;
}

function ownMessages(): Buffer[] {
  const pidf = pointPidf({ lon: -95.36, lat: 29.76 });
  const civic = civicPidf({ country: 'US', A1: 'TX', A2: 'Harris' });
  const sdp =
    'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
  const multipart = (location: string): string =>
    [
      '--b1',
      'Content-Type: application/sdp',
      '',
      sdp,
      '--b1',
      'Content-Type: application/pidf+xml',
      'Content-ID: <loc@caller.example.net>',
      '',
      location,
      '--b1--',
      '',
    ].join('\r\n');
  const geolocation = ['Geolocation: <cid:loc@caller.example.net>', 'Geolocation-Routing: yes'];
  const located = { contentType: 'multipart/mixed;boundary=b1', headers: geolocation };
  const texts = [
    requestText({ ...located, body: multipart(pidf) }),
    requestText({ ...located, body: multipart(civic) }),
    requestText({ requestUri: 'sip:911@127.0.0.1', contentType: 'application/sdp', body: sdp }),
    requestText({ contentType: 'application/pidf+xml', body: pidf }),
    requestText({ method: 'MESSAGE', contentType: 'text/plain', body: 'help' }),
    requestText({ method: 'OPTIONS', requestUri: 'sip:127.0.0.1' }),
    requestText({ method: 'SUBSCRIBE', headers: ['Event: presence', 'Expires: 60'] }),
    requestText({ method: 'CANCEL' }),
    requestText({ method: 'ACK' }),
    requestText({ method: 'BYE', headers: ['Route: <sip:127.0.0.1;lr>'] }).replace(
      'To: <urn:service:sos>',
      'To: <urn:service:sos>;tag=9',
    ),
    requestText({ method: 'PRACK', headers: ['RAck: 1 1 INVITE'] }),
    'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK2\r\n' +
      'From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
  ];
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

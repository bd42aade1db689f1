import { describe, expect, it } from 'vitest';
import {
  buildResponse,
  datagramKind,
  decodePart,
  defaultBodyLimits,
  defaultFramingLimits,
  defaultMessageLimits,
  headerValues,
  leaves,
  MessageDraft,
  parseMessage,
  readBody,
  StreamFramer,
} from '../../src/sip/index.ts';
import { cpuMsOf, vectorFiles, vectorsFolder } from '../support/sip-builders.ts';

// Malformed messages, multiparts and streams: nothing throws, nothing takes long, what can be used is used.

const sip = vectorFiles('fuzz/sip', '.sip');
const mime = vectorFiles('fuzz/mime', '.sip');
const streams = vectorFiles('fuzz/tcp', '.json');

/** What is not SIP at all; everything else is a message, with defects or without. */
const strangers: Readonly<Record<string, string>> = {
  'fold-20k-lines.sip': 'message.headTooLarge',
  'line-cr-only.sip': 'message.notSip',
  'line-empty-jaK.sip': 'message.notSip',
  'line-http-get.sip': 'message.otherProtocol',
  'line-keepalive-crlf.sip': 'message.empty',
  'line-keepalive-crlfcrlf.sip': 'message.empty',
  'line-keepalive-nul.sip': 'message.notSip',
  'line-rtsp.sip': 'message.otherProtocol',
  'line-stun.sip': 'message.notSip',
  'line-tls-clienthello.sip': 'message.notSip',
};

/** Messages of `fuzz/sip` by what is wrong with them, in the order of the defects; the others are faultless. */
const defective: Readonly<Record<string, readonly string[]>> = {
  'cl-comma-diff.sip': ['Invalid Content-Length'],
  'cl-comma.sip': ['Invalid Content-Length'],
  'cl-duplicate-compact-diff.sip': ['Invalid Content-Length'],
  'cl-duplicate-same.sip': ['Duplicate Content-Length'],
  'cl-empty.sip': ['Invalid Content-Length'],
  'cl-exp.sip': ['Invalid Content-Length'],
  'cl-float.sip': ['Invalid Content-Length'],
  'cl-hex.sip': ['Invalid Content-Length'],
  'cl-huge.sip': ['Content-Length exceeds the message'],
  'cl-huge64.sip': ['Invalid Content-Length'],
  'cl-leadzero.sip': ['Content-Length exceeds the message'],
  'cl-neg.sip': ['Invalid Content-Length'],
  'cl-nonascii.sip': ['Invalid Content-Length'],
  'cl-plus.sip': ['Invalid Content-Length'],
  'cl-space-inside.sip': ['Invalid Content-Length'],
  'cl-tab.sip': ['Content-Length exceeds the message'],
  'cl-too-big.sip': ['Content-Length exceeds the message'],
  'cl-trailing-ws.sip': ['Content-Length exceeds the message'],
  'cseq-mismatch.sip': ['CSeq method does not match'],
  'cseq-neg.sip': ['Invalid CSeq'],
  'cseq-nonum.sip': ['Invalid CSeq'],
  'cseq-overflow.sip': ['Invalid CSeq'],
  'from-unterminated-quote-20k.sip': ['Malformed From'],
  'hdr-1000-unknown.sip': ['Too Many Headers'],
  'hdr-bare-cr-in-header.sip': ['Line end is not CRLF'],
  'hdr-bare-lf-in-header.sip': ['Line end is not CRLF'],
  'hdr-callinfo-500.sip': ['Too Many Headers'],
  'hdr-header-8bit-name.sip': ['Malformed header line'],
  'hdr-header-empty-name.sip': ['Malformed header line'],
  'hdr-header-name-specials.sip': ['Malformed header line'],
  'hdr-header-no-colon.sip': ['Malformed header line'],
  'hdr-history-info-500.sip': ['Too Many Headers'],
  'line-leading-space.sip': ['White space before the start line'],
  'line-lf-only.sip': ['Content-Length exceeds the message', 'Line end is not CRLF'],
  'line-mixed-eol.sip': ['Line end is not CRLF'],
  'line-no-final-crlf.sip': ['Missing blank line after the headers'],
  'line-no-ruri.sip': ['Missing Request-URI', 'Malformed start line'],
  'line-only-startline.sip': [
    'Missing Via',
    'Missing From',
    'Missing Call-ID',
    'Missing CSeq',
    'Missing To',
    'Missing blank line after the headers',
  ],
  'line-ruri-bad-port.sip': ['Malformed Request-URI'],
  'line-ruri-nul.sip': ['Malformed Request-URI', 'Malformed start line'],
  'line-ruri-port-0.sip': ['Port 0 in Request-URI'],
  'line-ruri-two-at.sip': ['Malformed Request-URI'],
  'line-sip-20.sip': ['Version Not Supported'],
  'line-sip-3.sip': ['Version Not Supported'],
  'line-star-ruri.sip': ['Malformed Request-URI'],
  'line-status-099.sip': ['Invalid status code'],
  'line-status-1000.sip': ['Invalid status code'],
  'mf-256.sip': ['Invalid Max-Forwards'],
  'mf-dup.sip': ['Duplicate Max-Forwards'],
  'mf-neg.sip': ['Invalid Max-Forwards'],
  'mf-text.sip': ['Invalid Max-Forwards'],
  'route-300.sip': ['Too Many Headers'],
  'rr-500.sip': ['Too Many Headers'],
  'semicolons-30k.sip': ['Malformed Via'],
  'uri-params-5000.sip': ['Request-URI Too Long'],
  'uri-user-20k.sip': ['Request-URI Too Long'],
  'urn-07.sip': ['Malformed Request-URI', 'Malformed To'],
};

describe.skipIf(vectorsFolder === undefined)(
  'hostile input (skipped where FIRSTLINE_VECTORS is unset)',
  () => {
    it('is there', () => {
      expect(sip.length).toBeGreaterThan(150);
      expect(mime.length).toBeGreaterThan(40);
      expect(streams.length).toBeGreaterThan(10);
      const names = sip.map(([name]) => name);
      expect(names).toEqual(expect.arrayContaining([...Object.keys(strangers), ...Object.keys(defective)]));
    });

    it.each(sip)('message %s', { timeout: 5_000 }, (name, bytes) => {
      datagramKind(bytes);
      const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
      if (outcome.kind === 'notSip') {
        expect(outcome.error.code).toBe(strangers[name]);
        return;
      }
      const { message } = outcome;
      expect(message.defects.map((defect) => defect.message)).toEqual(defective[name] ?? []);
      for (const span of message.headers) headerValues(message, span.key);
      readBody(message, defaultBodyLimits);
      const written = new MessageDraft(message).toBytes();
      expect(parseMessage(written, { framing: 'stream', limits: defaultMessageLimits }).kind).toBe('message');
      if (message.kind === 'request') {
        const answer = buildResponse(message, { statusCode: 400, toTag: 't' });
        expect(parseMessage(answer.bytes, { framing: 'stream', limits: defaultMessageLimits }).kind).toBe(
          'message',
        );
      }
    });

    it.each(mime)('body %s', (name, bytes) => {
      const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
      if (outcome.kind === 'notSip') throw new Error(outcome.error.code);
      const tree = readBody(outcome.message, defaultBodyLimits);
      const found = leaves(tree);
      const spentMs = cpuMsOf(() => {
        for (const leaf of leaves(readBody(outcome.message, defaultBodyLimits))) decodePart(leaf);
      });
      expect(spentMs).toBeLessThan(1_000);
      if (!name.startsWith('ok-')) return;
      const location = found.find((leaf) => leaf.mediaType.type === 'application/pidf+xml');
      if (location === undefined) throw new Error('no location part');
      const content = decodePart(location);
      if (!content.ok) throw new Error(content.error.message);
      expect(content.value.toString().trim()).toMatch(
        /^<\?xml [\s\S]*40\.7166830 -73\.9906976[\s\S]*<\/presence>$/,
      );
      expect(tree.warnings).toEqual([]);
    });

    /** Of each stream, in order: the method or status of a message, `ping`, or why it broke. */
    const framedAs: Readonly<Record<string, readonly string[]>> = {
      'bad-then-good.json': ['framing.notSip'],
      'byte-at-a-time.json': ['OPTIONS'],
      'half-close.json': ['OPTIONS'],
      'idle-connection.json': [],
      'keepalive-then-req.json': ['ping', 'OPTIONS'],
      'no-content-length.json': ['framing.noContentLength'],
      'pipelined-50.json': Array.from({ length: 50 }, () => 'OPTIONS'),
      'rst-mid-invite.json': ['INVITE'],
      'slow-body.json': [],
      'slowloris-headers.json': [],
      'smuggle-cl-diff.json': ['framing.badContentLength'],
      'split-in-crlf.json': ['OPTIONS'],
      'tls-on-tcp-port.json': ['framing.tls'],
    };

    it.each(streams)('stream %s', (name, file) => {
      const { steps } = JSON.parse(file.toString()) as { steps: readonly { readonly send?: string }[] };
      const framer = new StreamFramer(defaultFramingLimits);
      const seen: string[] = [];
      for (const step of steps) {
        for (const item of framer.push(Buffer.from(step.send ?? '', 'base64'))) {
          if (item.kind === 'message') {
            const outcome = parseMessage(item.bytes, { framing: 'stream', limits: defaultMessageLimits });
            const { message } = outcome.kind === 'message' ? outcome : { message: undefined };
            expect(message?.defects).toEqual([]);
            seen.push(message?.kind === 'request' ? message.method : String(message?.statusCode));
          } else seen.push(item.kind === 'ping' ? 'ping' : item.error.code);
        }
      }
      expect(seen).toEqual(framedAs[name]);
    });
  },
);

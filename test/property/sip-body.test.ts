import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BodyPart,
  decodePart,
  defaultBodyLimits,
  leaves,
  parseMediaType,
  readMultipart,
  writeMultipart,
} from '../../src/sip/index.ts';
import { mutated, settings } from '../support/sip-arbitraries.ts';

const original = Buffer.from(
  'preamble\r\n--b 1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b 1\r\n' +
    'Content-Type: multipart/related;boundary=in\r\n\r\n--in\r\nContent-ID: <a@b>\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nPHAvPg==\r\n--in--\r\n--b 1\r\n' +
    'Content-Transfer-Encoding:\r\n quoted-printable\r\n\r\na=3Db\r\n--b 1--\r\nepilogue',
  'latin1',
);

/** Every part is a view of the same bytes, inside its parent, after its elder sister. */
function expectSound(part: BodyPart): void {
  const { buffer, byteOffset, length } = part.bytes;
  let at = byteOffset;
  for (const each of part.parts) {
    expect(each.bytes.buffer).toBe(buffer);
    expect(each.bytes.byteOffset).toBeGreaterThanOrEqual(at);
    at = each.bytes.byteOffset + each.bytes.length;
    expectSound(each);
  }
  expect(at).toBeLessThanOrEqual(byteOffset + length);
}

describe('multipart reader', () => {
  const boundary = fc.constantFrom('b 1', 'in', '', undefined, 'other');
  it.each<readonly [string, fc.Arbitrary<Buffer>]>([
    ['any bytes', fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))],
    ['a multipart with some bytes changed', mutated(original)],
  ])('takes %s', (_name, bytes) => {
    fc.assert(
      fc.property(bytes, boundary, (body, mark) => {
        const tree = readMultipart(body, mark, defaultBodyLimits);
        expectSound(tree.root);
        for (const leaf of leaves(tree)) decodePart(leaf);
      }),
      { ...settings, numRuns: 2 * settings.numRuns },
    );
  });

  it('reads back what the writer wrote', () => {
    const content = fc
      .uint8Array({ maxLength: 80 })
      .map((bytes) => Buffer.from(bytes))
      .filter((bytes) => !bytes.includes('--q'));
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 5 }), (contents) => {
        const parts = contents.map((bytes, index) => ({
          headers: [
            ['Content-Type', `a/b${index}`],
            ['Content-ID', `<${index}@x>`],
          ] as const,
          bytes,
        }));
        const tree = readMultipart(writeMultipart(parts, 'q'), 'q', defaultBodyLimits);
        expect(tree.warnings).toEqual([]);
        expect(tree.root.parts.map((part) => part.bytes)).toEqual(contents);
        expect(tree.root.parts.map((part) => part.contentId)).toEqual(
          contents.map((_, index) => `${index}@x`),
        );
      }),
      settings,
    );
  });

  it('undoes both encodings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const content = Buffer.from(bytes);
        const base64 = content.toString('base64').replace(/.{20}/g, '$&\r\n');
        const printable = Array.from(content, (byte) => `=${byte.toString(16).padStart(2, '0')}`).join(
          '=\r\n',
        );
        for (const [encoding, text] of [
          ['base64', base64],
          ['quoted-printable', printable],
        ] as const) {
          const mediaType = { type: 'a/b', params: [] };
          const part = { path: '1', mediaType, contentId: undefined, disposition: undefined, parts: [] };
          const result = decodePart({ ...part, transferEncoding: encoding, bytes: Buffer.from(text) });
          expect(result.ok && result.value.equals(content)).toBe(true);
        }
      }),
      settings,
    );
  });

  it('takes any text for a media type', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const result = parseMediaType(Buffer.from(bytes).toString('latin1'));
        if (result.ok) expect(result.value.type).toMatch(/^[^\s/;]+\/[^\s/;]+$/);
      }),
      settings,
    );
  });
});

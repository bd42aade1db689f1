import { pieces as shortPieces } from '../support/sip-pieces.ts';

/** A source of numbers from 0 up to but without 1. */
export type Fraction = () => number;

const bytesMax = 65_000;

/** What the pieces of the random tests do not have: whole headers, parameters, numbers, XML. */
const morePieces = [
  '%',
  '\u00c3',
  '--b1',
  '--b1--',
  'SIP/3.0',
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'urn:service:sos',
  'sip:911@127.0.0.1',
  'Content-Length: -1\r\n',
  'Via: ',
  'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n',
  'Route: <sip:127.0.0.1;lr>\r\n',
  'Record-Route: <sip:127.0.0.1;lr>\r\n',
  'Max-Forwards: 0\r\n',
  'Max-Forwards: 256\r\n',
  'Max-Breadth: 0\r\n',
  'Proxy-Require: x\r\n',
  'Contact: *\r\n',
  ';tag=',
  ';branch=z9hG4bK',
  ';received=1.2.3.4',
  ';rport=99999',
  ';lr',
  ';maddr=127.0.0.1',
  ';transport=tcp',
  ';transport=ws',
  'sips:',
  'tel:911',
  '2147483648',
  '4294967296',
  '-1',
  '0',
  '1e9',
  '0x10',
  '&#x41;',
  '<!DOCTYPE a [',
  ']]>',
  '<![CDATA[',
  'Content-Type: multipart/mixed;boundary=""\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Geolocation: <cid:loc@caller.example.net>\r\n',
];
const pieces = [...shortPieces, ...morePieces].map((text) => Buffer.from(text, 'latin1'));

type Mutation = (bytes: Buffer, fraction: Fraction, corpus: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  flipBits,
  insertPiece,
  insertPiece,
  replaceWithPiece,
  removeStretch,
  repeatStretch,
  repeatLine,
  removeLine,
  swapLines,
  changeNumber,
  changeNumber,
  spliceWithOther,
  truncate,
  stuff,
];

/** One to five changes to one message of the corpus, at least. */
export function mutate(corpus: readonly Buffer[], fraction: Fraction): Buffer {
  let bytes: Buffer = Buffer.from(pick(corpus, fraction));
  const rounds = 1 + Math.floor(fraction() * 5);
  for (let round = 0; round < rounds; round += 1) bytes = pick(mutations, fraction)(bytes, fraction, corpus);
  return bytes.length > bytesMax ? bytes.subarray(0, bytesMax) : bytes;
}

function flipBits(bytes: Buffer, fraction: Fraction): Buffer {
  const changed = Buffer.from(bytes);
  const count = 1 + Math.floor(fraction() * 4);
  for (let time = 0; time < count && changed.length > 0; time += 1) {
    const at = place(changed, fraction);
    changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(fraction() * 8));
  }
  return changed;
}

function insertPiece(bytes: Buffer, fraction: Fraction): Buffer {
  const at = place(bytes, fraction);
  return Buffer.concat([bytes.subarray(0, at), pick(pieces, fraction), bytes.subarray(at)]);
}

function replaceWithPiece(bytes: Buffer, fraction: Fraction): Buffer {
  const [from, to] = stretch(bytes, fraction, 40);
  return Buffer.concat([bytes.subarray(0, from), pick(pieces, fraction), bytes.subarray(to)]);
}

function removeStretch(bytes: Buffer, fraction: Fraction): Buffer {
  const [from, to] = stretch(bytes, fraction, 200);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

function repeatStretch(bytes: Buffer, fraction: Fraction): Buffer {
  const [from, to] = stretch(bytes, fraction, 60);
  const times = fraction() < 0.05 ? 500 : 1 + Math.floor(fraction() * 8);
  const repeated = Array.from({ length: times }, () => bytes.subarray(from, to));
  return Buffer.concat([bytes.subarray(0, to), ...repeated, bytes.subarray(to)]);
}

function repeatLine(bytes: Buffer, fraction: Fraction): Buffer {
  return onLines(bytes, (lines) => {
    const line = pick(lines, fraction);
    const times = fraction() < 0.05 ? 300 : 1;
    lines.splice(Math.floor(fraction() * lines.length), 0, ...Array.from({ length: times }, () => line));
  });
}

function removeLine(bytes: Buffer, fraction: Fraction): Buffer {
  return onLines(bytes, (lines) => void lines.splice(Math.floor(fraction() * lines.length), 1));
}

function swapLines(bytes: Buffer, fraction: Fraction): Buffer {
  return onLines(bytes, (lines) => {
    const [line = ''] = lines.splice(Math.floor(fraction() * lines.length), 1);
    lines.splice(Math.floor(fraction() * lines.length), 0, line);
  });
}

function changeNumber(bytes: Buffer, fraction: Fraction): Buffer {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  const number = numbers[Math.floor(fraction() * numbers.length)];
  if (number === undefined) return bytes;
  const values = [
    '0',
    '-1',
    '1',
    '65536',
    '2147483648',
    '4294967295',
    '18446744073709551616',
    '',
    `${number[0]}0`,
    '007',
    '3.5',
  ];
  const end = number.index + number[0].length;
  return Buffer.from(text.slice(0, number.index) + pick(values, fraction) + text.slice(end), 'latin1');
}

function spliceWithOther(bytes: Buffer, fraction: Fraction, corpus: readonly Buffer[]): Buffer {
  const other = pick(corpus, fraction);
  return Buffer.concat([bytes.subarray(0, place(bytes, fraction)), other.subarray(place(other, fraction))]);
}

function truncate(bytes: Buffer, fraction: Fraction): Buffer {
  return bytes.subarray(0, place(bytes, fraction));
}

function stuff(bytes: Buffer, fraction: Fraction): Buffer {
  const at = place(bytes, fraction);
  const length = fraction() < 0.1 ? Math.floor(fraction() * 20_000) : Math.floor(fraction() * 300);
  const filler = Buffer.alloc(length, Math.floor(fraction() * 256));
  return Buffer.concat([bytes.subarray(0, at), filler, bytes.subarray(at)]);
}

function onLines(bytes: Buffer, change: (lines: string[]) => void): Buffer {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const lines = (headEnd < 0 ? text : text.slice(0, headEnd)).split('\r\n');
  change(lines);
  return Buffer.from(lines.join('\r\n') + (headEnd < 0 ? '' : text.slice(headEnd)), 'latin1');
}

function stretch(bytes: Buffer, fraction: Fraction, lengthMax: number): readonly [number, number] {
  const from = place(bytes, fraction);
  return [from, Math.min(bytes.length, from + 1 + Math.floor(fraction() * lengthMax))];
}

function place(bytes: Buffer, fraction: Fraction): number {
  return Math.floor(fraction() * bytes.length);
}

function pick<T>(values: readonly T[], fraction: Fraction): T {
  const value = values[Math.floor(fraction() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

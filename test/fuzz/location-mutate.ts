import { type Fraction, mutate } from './mutate.ts';

const bytesMax = 140_000;

/** Numbers that are at an edge of something: of the Earth, of a double, of a reader of numbers. */
const numbers = [
  ...[
    '0',
    '-0',
    '90',
    '-90',
    '90.0000001',
    '180',
    '-180',
    '180.0000001',
    '360',
    '720',
    '-1',
    '1e-300',
    '1e300',
  ],
  ...[
    '1e9999',
    '5e-324',
    'NaN',
    'INF',
    '-INF',
    'Infinity',
    '0x28',
    '1,5',
    '٣',
    '1_000',
    '+40.7',
    '.5',
    '5.',
    '',
  ],
  ...[
    '40:42:12N',
    '74:00:21.5W',
    '60:60:60S',
    '°',
    '-',
    '9'.repeat(400),
    `0.${'0'.repeat(300)}1`,
    '1 2 3 4 5',
  ],
];
const namespaces = [
  ...['urn:ietf:params:xml:ns:pidf', 'urn:ietf:params:xml:ns:pidf:geopriv10', 'http://www.opengis.net/gml'],
  ...[
    'http://www.opengis.net/pidflo/1.0',
    'http://www.opengis.net/gml/3.2',
    'urn:ietf:params:xml:ns:cpim-pidf:',
  ],
  ...[
    'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr',
    'urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc',
    '',
    'x',
  ],
  ...['urn:ietf:params:xml:ns:pidf:data-model', 'urn:ietf:params:xml:ns:geopriv:held', 'urn:example:other'],
];
const attributeValues = [
  ...[
    'urn:ogc:def:crs:EPSG::4326',
    'urn:ogc:def:crs:EPSG::4979',
    'epsg:4326',
    'EPSG:3857',
    'CRS84',
    'EPSG:4269',
  ],
  ...[
    'urn:ogc:def:uom:EPSG::9001',
    'urn:ogc:def:uom:EPSG::9002',
    'urn:ogc:def:uom:EPSG::9101',
    '#m',
    'ft',
    'rad',
  ],
  ...['', '3', '2', '-1', 'EPSG:'.repeat(60), 'normal'],
];
const names = [
  ...[
    'gml:Point',
    'gs:Circle',
    'gs:Ellipse',
    'gs:ArcBand',
    'gml:Polygon',
    'gs:Sphere',
    'gs:Ellipsoid',
    'gs:Prism',
  ],
  ...[
    'gml:pos',
    'gml:posList',
    'gml:coordinates',
    'gml:coord',
    'gml:exterior',
    'gml:interior',
    'gml:LinearRing',
  ],
  ...[
    'gp:location-info',
    'gp:geopriv',
    'ca:civicAddress',
    'cl:civilAddress',
    'tuple',
    'dm:device',
    'dm:person',
  ],
  ...[
    'status',
    'presence',
    'con:confidence',
    'gp:usage-rules',
    'gp:provided-by',
    '__proto__',
    'constructor',
    'gs:base',
  ],
];

/** A stretch of a text. */
interface Found {
  readonly text: string;
  readonly index: number;
}

type Change = (text: string, fraction: Fraction) => string;

const changes: readonly Change[] = [
  changeNumber,
  changeNumber,
  changeNumber,
  repeatNumbers,
  changeNamespace,
  changeAttribute,
  renameElement,
  repeatElement,
  repeatElement,
  nestElement,
  removeElement,
  moveElement,
  wrapText,
];

/** One change or several to an input of the corpus: of its bytes, of its structure, or of both. */
export function mutateLocation(corpus: readonly Buffer[], fraction: Fraction): Buffer {
  const kind = fraction();
  if (kind < 0.35) return mutate(corpus, fraction);
  const start = kind < 0.45 ? mutate(corpus, fraction) : pick(corpus, fraction);
  // One character for each byte: what is no UTF-8 stays what it is.
  let text = start.toString('latin1');
  const rounds = 1 + Math.floor(fraction() * 4);
  for (let round = 0; round < rounds; round += 1) text = pick(changes, fraction)(text, fraction);
  return Buffer.from(text.slice(0, bytesMax), 'latin1');
}

function changeNumber(text: string, fraction: Fraction): string {
  const found = within(text, /[-+]?[0-9]+(?:\.[0-9]+)?/g, fraction);
  return found === undefined
    ? text
    : replace(text, found, Buffer.from(pick(numbers, fraction)).toString('latin1'));
}

/** Makes a list of numbers longer, now and then up to the limits. */
function repeatNumbers(text: string, fraction: Fraction): string {
  const found = within(text, /[-+]?[0-9.]+ [-+]?[0-9.]+/g, fraction);
  if (found === undefined) return text;
  return replace(text, found, Array.from({ length: times(fraction) }, () => found.text).join(' '));
}

function changeNamespace(text: string, fraction: Fraction): string {
  const found = within(text, /(?<=xmlns(?::[a-z]+)?=")[^"]*/g, fraction);
  return found === undefined ? text : replace(text, found, pick(namespaces, fraction));
}

function changeAttribute(text: string, fraction: Fraction): string {
  const found = within(text, /(?<=(?:srsName|uom|srsDimension|pdf|id)=")[^"]*/g, fraction);
  return found === undefined ? text : replace(text, found, pick(attributeValues, fraction));
}

function renameElement(text: string, fraction: Fraction): string {
  const found = within(text, /(?<=<)[A-Za-z][\w:.-]*/g, fraction);
  if (found === undefined) return text;
  const name = pick(names, fraction);
  const { text: old } = found;
  return text
    .replaceAll(`<${old}>`, `<${name}>`)
    .replaceAll(`<${old} `, `<${name} `)
    .replaceAll(`</${old}>`, `</${name}>`);
}

function repeatElement(text: string, fraction: Fraction): string {
  const element = anyElement(text, fraction);
  if (element === undefined) return text;
  const { text: whole } = element;
  const count = Math.min(times(fraction), Math.ceil(bytesMax / whole.length));
  return replace(text, element, whole.repeat(count));
}

function nestElement(text: string, fraction: Fraction): string {
  const element = anyElement(text, fraction);
  if (element === undefined) return text;
  const { name } = element;
  const depth = times(fraction);
  return replace(text, element, `<${name}>`.repeat(depth) + element.text + `</${name}>`.repeat(depth));
}

function removeElement(text: string, fraction: Fraction): string {
  const element = anyElement(text, fraction);
  return element === undefined ? text : replace(text, element, '');
}

function moveElement(text: string, fraction: Fraction): string {
  const element = anyElement(text, fraction);
  if (element === undefined) return text;
  const rest = replace(text, element, '');
  const target = within(rest, /<\/?[A-Za-z][^<>]*>/g, fraction);
  return target === undefined ? text : replace(rest, target, target.text + element.text);
}

/** Says a text in another way that means the same, or nearly so. */
function wrapText(text: string, fraction: Fraction): string {
  const found = within(text, /(?<=>)[^<>]+(?=<)/g, fraction);
  if (found === undefined) return text;
  const { text: inner } = found;
  const half = Math.floor(inner.length / 2);
  const forms = [
    `<![CDATA[${inner}]]>`,
    `${inner.slice(0, half)}<!-- x -->${inner.slice(half)}`,
    `${inner.slice(0, half)}<?x y?>${inner.slice(half)}`,
    [...inner].map((character) => `&#${character.charCodeAt(0)};`).join(''),
    ` \n\t${inner}\r\n `,
    inner.replaceAll(' ', ','),
    `<x>${inner}</x>`,
    `${inner}&lt;&bogus;`,
  ];
  return replace(text, found, pick(forms, fraction));
}

/** An element with all that is in it, where one is found by its name alone. */
function anyElement(text: string, fraction: Fraction): (Found & { readonly name: string }) | undefined {
  const starts = [...text.matchAll(/<([A-Za-z][\w:.-]*)[^<>]*>/g)];
  const start = starts[Math.floor(fraction() * starts.length)];
  const name = start?.[1];
  if (start === undefined || name === undefined) return undefined;
  const close = `</${name}>`;
  const end = text.indexOf(close, start.index);
  const whole = end < 0 ? start[0] : text.slice(start.index, end + close.length);
  return { text: whole, index: start.index, name };
}

function within(text: string, pattern: RegExp, fraction: Fraction): Found | undefined {
  const all = [...text.matchAll(pattern)];
  const match = all[Math.floor(fraction() * all.length)];
  return match && { text: match[0], index: match.index };
}

function replace(text: string, found: Found, by: string): string {
  return text.slice(0, found.index) + by + text.slice(found.index + found.text.length);
}

function times(fraction: Fraction): number {
  return fraction() < 0.02 ? Math.floor(fraction() * 3_000) : 1 + Math.floor(fraction() * 6);
}

function pick<T>(values: readonly T[], fraction: Fraction): T {
  const value = values[Math.floor(fraction() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

import { defaultLocationLimits } from '../../src/location/index.ts';
import { requestText } from '../support/emergency-messages.ts';
import type { Input, Target } from './location-targets.ts';

/** An input that is as bad as its kind can be. */
export interface WorstCase extends Input {
  readonly name: string;
}

const { bytesMax, depthMax, elementsMax, attributesMax } = defaultLocationLimits.xml;
/** Room for what stands around the part that is large. */
const roomBytes = bytesMax - 2_000;
const open =
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:a@b">';

/** Inputs at the limits and far beyond them, each made to cost a reader as much as it can. */
export function worstCases(): readonly WorstCase[] {
  return [...polygons(), ...structures(), ...texts(), ...answers(), ...messages()];
}

/** As many corners as fit, in rings of which each is hard for something. */
function polygons(): readonly WorstCase[] {
  const rings: Readonly<Record<string, (index: number, count: number) => readonly [number, number]>> = {
    'a circle': (index, count) => onCircle((2 * Math.PI * index) / count, 1),
    'a star that crosses itself everywhere': (index, count) =>
      onCircle((2 * Math.PI * index * Math.floor(count / 2)) / count, 1),
    'a comb of parallel teeth': (index, count) => [index / count, index % 2],
    'a zigzag that crosses one long edge': (index, count) => [
      index === 0 ? -1 : index / count,
      (index % 2) - 0.5,
    ],
    'a spiral': (index, count) => onCircle(index / 10, 0.1 + index / count),
    'one place': () => [1, 1],
    'one line there and back': (index, count) => [index < count / 2 ? index / count : 1 - index / count, 0],
    'two places in turn': (index) => [index % 2, 0],
    'random places': (index) => [fractionOf(index), fractionOf(index + 0.5)],
  };
  const cases: WorstCase[] = [];
  for (const [name, place] of Object.entries(rings)) {
    for (const form of ['posList', 'pos'] as const) {
      const count = form === 'pos' ? elementsMax - 20 : Math.floor(roomBytes / 22);
      const corners = Array.from({ length: count }, (_, index) => place(index, count));
      cases.push(document(`polygon of ${count} corners in ${form}: ${name}`, polygon(corners, form)));
    }
  }
  const many = Array.from({ length: 100_000 }, (_, index) => onCircle((2 * Math.PI * index) / 100_000, 1));
  const small = Array.from({ length: 130 }, (_, index) => [fractionOf(index), fractionOf(-index)] as const);
  const holes = Array.from({ length: 150 }, (_, index) => hole(index)).join('');
  return [
    ...cases,
    document('polygon of 100,000 corners', polygon(many, 'posList')),
    ...shortPolygons(),
    tuples('polygons in all tuples that are read', polygon(small, 'posList'), 40),
    document(
      'polygon with 150 holes',
      polygon(many.slice(0, 1_000), 'posList').replace('</gml:Polygon>', `${holes}</gml:Polygon>`),
    ),
    document('prism of as many corners as fit', prism(many.slice(0, 4_000))),
  ];
}

/** Rings of numbers as short as they can be, so that three and four times as many corners fit. */
function shortPolygons(): readonly WorstCase[] {
  const lists: Readonly<Record<string, (index: number) => string>> = {
    'a zigzag': (index) => `${index % 2} ${(index / 1_000).toFixed(3)}`,
    'a zigzag over all longitudes': (index) => `${(index / 1_000).toFixed(3)} ${index % 2}`,
    'long edges, then a knot far from them': (index) =>
      index < 45 ? `-${index} ${(index % 2) * 9}` : `${(index * 7) % 9} ${(index * index) % 8}`,
    'long edges, then places in turn': (index) =>
      index < 45 ? `-${index} ${(index % 2) * 9}` : `${1 + (index % 2)} ${index % 2}`,
    'a knot of digits': (index) => `${(index * 7) % 9} ${(index * index) % 8}`,
    'two places': (index) => `${index % 2} ${index % 2}`,
    exponents: (index) => `${index % 9}e0 ${(index * index) % 8}e0`,
  };
  return Object.entries(lists).map(([name, corner]) => {
    const texts: string[] = [];
    for (let index = 0, room = roomBytes; room > 0; index += 1) {
      const text = corner(index);
      texts.push(text);
      room -= text.length + 1;
    }
    const list = `<gml:posList>${[...texts, texts[0]].join(' ')}</gml:posList>`;
    return document(
      `polygon of ${texts.length} short corners: ${name}`,
      polygon([], 'posList').replace(/<gml:posList>.*<\/gml:posList>/, list),
    );
  });
}

function structures(): readonly WorstCase[] {
  const point = '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>1 2</gml:pos></gml:Point>';
  const nested = (depth: number, inner: string): string => '<a>'.repeat(depth) + inner + '</a>'.repeat(depth);
  const attributes = (count: number): string =>
    Array.from({ length: count }, (_, index) => ` a${index}="${index}"`).join('');
  const declared = (count: number): string =>
    Array.from({ length: count }, (_, index) => ` xmlns:n${index}="urn:x:${index}"`).join('');
  const civic = Array.from(
    { length: elementsMax - 10 },
    (_, index) => `<ca:E${index}>value ${index}</ca:E${index}>`,
  );
  const same = '<ca:A1>x</ca:A1>'.repeat(elementsMax - 10);
  const unknown = Array.from({ length: elementsMax - 10 }, (_, index) => `<u${index}:x/>`).join('');
  return [
    document('nested to the limit', nested(depthMax - 8, point)),
    document('nested 40,000 deep', nested(18_000, point)),
    raw('document', 'never closed', `${open}${'<gp:geopriv>'.repeat(10_000)}`),
    document(`${attributesMax} attributes on each element`, `<x${attributes(attributesMax)}/>`.repeat(250)),
    document('10,000 attributes', `<x${attributes(7_000)}/>`),
    document('namespaces declared on each element', nestedDeclarations(declared(30))),
    document('as many elements of an address as fit', `<ca:civicAddress>${civic.join('')}</ca:civicAddress>`),
    document('one element of an address again and again', `<ca:civicAddress>${same}</ca:civicAddress>`),
    document('many addresses', '<ca:civicAddress><ca:A1>x</ca:A1></ca:civicAddress>'.repeat(900)),
    document('a prefix of its own for each element', unknown),
    document('many shapes in one location-info', point.repeat(900)),
    document('many shapes of an unknown system', point.replace('4326', '3857').repeat(900)),
    document(
      'features inside of features',
      '<gml:location>'.repeat(20) + point.repeat(800) + '</gml:location>'.repeat(20),
    ),
    tuples('2,000 tuples', point, 2_000),
    tuples('as many tuples as fit', point, 290),
    raw(
      'document',
      'persons, devices and tuples inside of each other',
      `${open}${'<tuple><device><person>'.repeat(9)}${info(point)}${'</person></device></tuple>'.repeat(9)}</presence>`,
    ),
    raw(
      'document',
      'DOCTYPE with entities',
      `<!DOCTYPE a [${'<!ENTITY b "&c;&c;">'.repeat(3_000)}]>${open}</presence>`,
    ),
  ];
}

function texts(): readonly WorstCase[] {
  const pos = (text: string): string =>
    `<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${text}</gml:pos></gml:Point>`;
  const old = (text: string): string =>
    `<gml:Point srsName="epsg:4326"><gml:coordinates>${text}</gml:coordinates></gml:Point>`;
  const value = (text: string): string => `<ca:civicAddress><ca:A1>${text}</ca:A1></ca:civicAddress>`;
  const fill = (unit: string): string => unit.repeat(Math.floor(roomBytes / unit.length));
  return [
    document('a position of digits', pos(`1.${fill('9')} 2`)),
    document('a position of zeros', pos(`${fill('0')} 2`)),
    document('a position of spaces', pos(`1${fill(' ')}2`)),
    document('a position of line ends', pos(fill('\r\n'))),
    document('a position of commas', pos(fill(','))),
    document('a position of commas and spaces', pos(`1${fill(' , ')}2`)),
    document('a position of signs', pos(fill('-'))),
    document('a position of exponents', pos(fill('1e'))),
    document('a position of many numbers', pos(fill('1 '))),
    document('a position of colons', old(fill('1:'))),
    document('a position of hemisphere letters', old(fill('1N '))),
    document('a position of angles', old(`${fill('12:34:56.789N,')}`)),
    document('a position of comments', pos(`1${fill('<!---->')} 2`)),
    document('a position of CDATA', pos(fill('<![CDATA[1]]>'))),
    document('a position of character references', pos(fill('&#49;'))),
    document('a value of references', value(fill('&amp;'))),
    document('a value of unknown references', value(fill('&x;'))),
    document('a value of ampersands', value(fill('&'))),
    document('a value of white space', value(fill(' \n'))),
    document('a value of open brackets', value(fill('<'))),
    document('a value of bidirectional marks', value(fill('\u202e'))),
    document('a name that fills all', `<${fill('n')}/>`),
    document('an attribute that fills all', `<gml:Point srsName="${fill('EPSG:')}"/>`),
    document('an attribute of references', `<x y="${fill('&#x41;')}"/>`),
    document('processing instructions', fill('<?x y?>')),
    raw('document', 'white space before all', `${fill(' ')}${open}</presence>`),
    raw(
      'document',
      'UTF-16',
      Buffer.from(`\ufeff${open}${info(value('x'.repeat(60_000)))}</presence>`, 'utf16le'),
    ),
    raw('document', 'no UTF-8', Buffer.alloc(bytesMax, 0xff)),
    raw('document', 'zeros', Buffer.alloc(bytesMax)),
    raw('document', '5 MB', Buffer.alloc(5_000_000, '<a>')),
    raw('held', '5 MB', Buffer.alloc(5_000_000, '<a>')),
    raw(
      'message',
      '5 MB',
      Buffer.from(requestText({ contentType: 'application/pidf+xml', body: '<a>'.repeat(1_700_000) })),
    ),
  ];
}

function answers(): readonly WorstCase[] {
  const response = (inner: string): string =>
    `<locationResponse xmlns="urn:ietf:params:xml:ns:geopriv:held">${inner}</locationResponse>`;
  const uri = '<locationURI>https://ls.example/1</locationURI>';
  return [
    raw(
      'held',
      'as many references as fit',
      response(`<locationUriSet>${uri.repeat(1_900)}</locationUriSet>`),
    ),
    raw(
      'held',
      'sets inside of sets',
      response('<locationUriSet>'.repeat(29) + uri.repeat(1_500) + '</locationUriSet>'.repeat(29)),
    ),
    raw(
      'question',
      'as many identities as fit',
      response(`<device>${'<uri>sip:a@b</uri>'.repeat(1_900)}</device>`).replaceAll(
        'locationResponse',
        'locationRequest',
      ),
    ),
    raw(
      'question',
      'types without end',
      `<locationRequest><locationType>${'civic x '.repeat(14_000)}</locationType></locationRequest>`,
    ),
    raw('held', 'many presences', response(`${open}</presence>`.repeat(300))),
    raw(
      'held',
      'a presence that fills all',
      response(
        `${open}${info(
          polygon(
            Array.from({ length: 5_000 }, (_, index) => [fractionOf(index), fractionOf(-index)] as const),
            'posList',
          ),
        )}</presence>`,
      ),
    ),
    raw(
      'held',
      'an error of many words',
      `<error code="${'x'.repeat(60_000)}"><message>${'x '.repeat(30_000)}</message></error>`,
    ),
    raw(
      'held',
      'a text of characters that must be escaped',
      response(`${open}<gp:location-info>${'&lt;'.repeat(30_000)}</gp:location-info></presence>`),
    ),
  ];
}

function messages(): readonly WorstCase[] {
  const pidf = `${open}${info('<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>1 2</gml:pos></gml:Point>')}</presence>`;
  const part = (body: string, head = ''): string =>
    `--b\r\nContent-Type: application/pidf+xml\r\n${head}\r\n${body}\r\n`;
  const mixed = (body: string, headers: readonly string[] = []): Buffer =>
    Buffer.from(
      requestText({ contentType: 'multipart/mixed;boundary=b', headers, body: `${body}--b--\r\n` }),
    );
  const nest = (depth: number): string =>
    depth === 0
      ? part(pidf)
      : `--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n${nest(depth - 1)}--b--\r\n`;
  const lines = (count: number, line: (index: number) => string): string[] =>
    Array.from({ length: count }, (_, index) => line(index));
  const polygonPidf = `${open}${info(
    polygon(
      Array.from({ length: 5_000 }, (_, index) => [fractionOf(index), fractionOf(-index)] as const),
      'posList',
    ),
  )}</presence>`;
  return [
    raw('message', '1,000 parts', mixed(part(pidf).repeat(80) + part('').repeat(900))),
    raw('message', '10,000 parts', mixed('--b\r\n\r\n\r\n'.repeat(10_000))),
    raw('message', 'multiparts inside of multiparts', mixed(nest(100))),
    raw(
      'message',
      'one Content-ID for all',
      mixed(
        part(pidf, 'Content-ID: <a@b>\r\n').repeat(60),
        lines(60, () => 'Geolocation: <cid:a@b>'),
      ),
    ),
    raw(
      'message',
      'each value of a header points at another part',
      mixed(
        lines(60, (index) => part(pidf, `Content-ID: <${index}@b>\r\n`)).join(''),
        lines(60, (index) => `Geolocation: <cid:${index}@b>`),
      ),
    ),
    raw(
      'message',
      'one header of many values',
      mixed(part(pidf), [`Geolocation: ${lines(2_000, (index) => `<cid:${index}@b>`).join(',')}`]),
    ),
    raw(
      'message',
      'percent signs in cid',
      mixed(part(pidf), [`Geolocation: <cid:${'%41'.repeat(10_000)}@b>`]),
    ),
    raw(
      'message',
      'many Call-Info values',
      mixed(part(pidf), [
        `Call-Info: ${lines(1_500, (index) => `<cid:${index}@b>;purpose=EmergencyCallData.DeviceInfo`).join(',')}`,
      ]),
    ),
    raw(
      'message',
      'quotes that never end',
      mixed(part(pidf), [
        `Call-Info: ${'<a>;x="'.repeat(5_000)}`,
        `Geolocation: ${'<cid:x>;y="\\"'.repeat(3_000)}`,
      ]),
    ),
    raw(
      'message',
      'a cell of many parameters',
      mixed(part(pidf), [`P-Access-Network-Info: 3GPP-E-UTRAN-FDD${';x=1'.repeat(12_000)}`]),
    ),
    raw(
      'message',
      'base64 that is none',
      mixed(part('='.repeat(60_000), 'Content-Transfer-Encoding: base64\r\n')),
    ),
    raw(
      'message',
      'quoted-printable',
      mixed(part('=3C'.repeat(40_000), 'Content-Transfer-Encoding: quoted-printable\r\n')),
    ),
    raw('message', 'a part of many headers', mixed(part(pidf, 'X-A: b\r\n'.repeat(7_000)))),
    raw('message', 'boundaries that are nearly ones', mixed(part('\r\n--bb\r\n--'.repeat(6_000)))),
    raw(
      'message',
      'polygons of all that fits',
      Buffer.from(requestText({ contentType: 'application/pidf+xml', body: polygonPidf })),
    ),
    raw(
      'message',
      'many polygons',
      mixed(lines(16, () => part(polygonPidf.slice(0, 3_500) + polygonPidf.slice(-110))).join('')),
    ),
    raw(
      'message',
      'an alert of many areas',
      Buffer.from(
        requestText({
          method: 'MESSAGE',
          contentType: 'application/EmergencyCallData.cap+xml',
          body: `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><info>${`<area><areaDesc>x</areaDesc><polygon>${lines(100, (index) => `${fractionOf(index)},${fractionOf(-index)}`).join(' ')}</polygon><circle>1,2 3</circle></area>`.repeat(14)}</info></alert>`,
        }),
      ),
    ),
  ];
}

function document(name: string, inner: string): WorstCase {
  return raw('document', name, `${open}${info(inner)}</presence>`);
}

function tuples(name: string, inner: string, count: number): WorstCase {
  const tuple = `<tuple id="t"><status>${info(inner)}</status></tuple>`;
  return raw('document', name, `${open}${tuple.repeat(count)}</presence>`);
}

function raw(target: Target, name: string, content: string | Buffer): WorstCase {
  return { target, name, bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

function info(inner: string): string {
  return `<gp:geopriv><gp:location-info>${inner}</gp:location-info><gp:usage-rules/></gp:geopriv>`;
}

function polygon(corners: readonly (readonly [number, number])[], form: 'posList' | 'pos'): string {
  const closed = [...corners, ...corners.slice(0, 1)].map(
    ([lon, lat]) => `${lat.toFixed(7)} ${lon.toFixed(7)}`,
  );
  const inner =
    form === 'posList'
      ? `<gml:posList>${closed.join(' ')}</gml:posList>`
      : closed.map((text) => `<gml:pos>${text}</gml:pos>`).join('');
  return `<gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior><gml:LinearRing>${inner}</gml:LinearRing></gml:exterior></gml:Polygon>`;
}

function hole(index: number): string {
  const at = (index / 150).toFixed(4);
  return `<gml:interior><gml:LinearRing><gml:posList>${at} ${at} ${at} 0.9 0.9 ${at} ${at} ${at}</gml:posList></gml:LinearRing></gml:interior>`;
}

function prism(corners: readonly (readonly [number, number])[]): string {
  const text = corners.map(([lon, lat]) => `${lat.toFixed(6)} ${lon.toFixed(6)} 10`).join(' ');
  return `<gs:Prism srsName="urn:ogc:def:crs:EPSG::4979"><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>${text}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base><gs:height uom="urn:ogc:def:uom:EPSG::9001">3</gs:height></gs:Prism>`;
}

function nestedDeclarations(declared: string): string {
  return `<x${declared}>`.repeat(depthMax - 8) + '</x>'.repeat(depthMax - 8);
}

function onCircle(angle: number, radius: number): readonly [number, number] {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** A fraction that looks random and is always the same. */
function fractionOf(index: number): number {
  const value = Math.sin(index * 12.9898) * 43_758.545_3;
  return value - Math.floor(value);
}

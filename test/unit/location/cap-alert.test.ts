import { describe, expect, it } from 'vitest';
import { isAlert, readAlert } from '../../../src/location/cap-alert.ts';
import { defaultLocationLimits, type LocationLimits } from '../../../src/location/index.ts';

const cap12 = 'urn:oasis:names:tc:emergency:cap:1.2';

function alert(content: string, namespace = ` xmlns="${cap12}"`): string {
  return `<?xml version="1.0"?><alert${namespace}><identifier>S-1</identifier><sender>sip:sensor1@example.com</sender><sent>2008-11-19T14:57:00-07:00</sent>${content}</alert>`;
}

function area(...inner: readonly string[]): string {
  return `<info><event>Burglary</event><area><areaDesc>somewhere</areaDesc>${inner.join('')}</area></info>`;
}

const polygon = '<polygon>38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14</polygon>';
const circle = '<circle>32.9525,-115.5527 0.5</circle>';

function read(document: string, limits: LocationLimits = defaultLocationLimits) {
  const result = readAlert(Buffer.from(document), { kind: 'alert', partPath: '1' }, limits);
  if (!result.ok) return result.error.code;
  return {
    shapes: result.value.locations.map(({ shape }) => shape),
    warnings: result.value.warnings.map(({ code }) => code),
  };
}

const circleShape = { kind: 'circle', center: { lon: -115.5527, lat: 32.9525 }, radiusM: 500 };

describe('readAlert', () => {
  it('reads a polygon, latitude before longitude', () => {
    const result = readAlert(
      Buffer.from(alert(area(polygon))),
      { kind: 'alert', partPath: '2' },
      defaultLocationLimits,
    );
    expect(result.ok && result.value.locations).toMatchObject([
      {
        source: { kind: 'alert', partPath: '2' },
        shape: {
          kind: 'polygon',
          exterior: [
            { lat: 38.47, lon: -120.14 },
            { lat: 38.34, lon: -119.95 },
            { lat: 38.52, lon: -119.74 },
            { lat: 38.62, lon: -119.89 },
            { lat: 38.47, lon: -120.14 },
          ],
          interiors: [],
        },
        timestamp: '2008-11-19T14:57:00-07:00',
      },
    ]);
  });

  it.each<[string, string, unknown, readonly string[]]>([
    ['a circle, its radius in kilometres', alert(area(circle)), [circleShape], []],
    ['CAP 1.1', alert(area(circle), ' xmlns="urn:oasis:names:tc:emergency:cap:1.1"'), [circleShape], []],
    ['CAP 1.0', alert(area(circle), ' xmlns="urn:oasis:names:tc:emergency:cap:1.0"'), [circleShape], []],
    ['no namespace', alert(area(circle), ''), [circleShape], ['location.namespaceRepaired']],
    [
      'a radius of zero',
      alert(area('<circle>32.9525,-115.5527 0</circle>')),
      [{ kind: 'point', position: { lon: -115.5527, lat: 32.9525 } }],
      [],
    ],
    [
      'no radius',
      alert(area('<circle>32.9525,-115.5527</circle>')),
      [{ kind: 'point', position: { lon: -115.5527, lat: 32.9525 } }],
      [],
    ],
    [
      'several areas in several infos',
      alert(area(circle) + area('<circle>1,2 1</circle>')),
      [circleShape, { kind: 'circle', center: { lon: 2, lat: 1 }, radiusM: 1000 }],
      [],
    ],
    ['the same area in another language', alert(area(circle) + area(circle)), [circleShape], []],
    ['no area', alert('<info><event>Burglary</event></info>'), [], []],
    [
      'an area by name alone',
      alert(area('<geocode><valueName>SAME</valueName><value>006017</value></geocode>')),
      [],
      [],
    ],
    [
      'line breaks between pairs',
      alert(area('<circle>\n 32.9525,-115.5527\n 0.5\n</circle>')),
      [circleShape],
      [],
    ],
    ['a circle without numbers', alert(area('<circle>here 1</circle>')), [], ['location.alertArea']],
    ['a circle around the Earth', alert(area('<circle>1,2 99999</circle>')), [], ['location.alertArea']],
    [
      'a place that is not on Earth',
      alert(area('<circle>132.9,-15.5 1</circle>')),
      [],
      ['location.alertArea'],
    ],
    ['a polygon of two corners', alert(area('<polygon>1,2 30,4 1,2</polygon>')), [], ['location.alertArea']],
    ['an empty polygon', alert(area('<polygon/>')), [], ['location.alertArea']],
    [
      'a broken one beside a good one',
      alert(area('<polygon>x</polygon>', circle)),
      [circleShape],
      ['location.alertArea'],
    ],
  ])('%s', (_name, document, shapes, warnings) => {
    expect(read(document)).toEqual({ shapes, warnings });
  });

  it('closes a polygon that is open, and says so', () => {
    const result = read(alert(area('<polygon>1,2 3,4 5,1</polygon>')));
    expect(result).toMatchObject({
      shapes: [{ exterior: { length: 4 } }],
      warnings: ['location.ringClosed'],
    });
  });

  it.each([
    [
      'crosses itself',
      '<polygon>0,0 1,1 1,0 0,1 0,0</polygon>',
      { kind: 'polygon', exterior: { length: 5 } },
      'location.ringCrossing',
    ],
    ['is one place', '<polygon>1,2 1,2 1,2 1,2</polygon>', { kind: 'point' }, 'location.ringDegenerate'],
    [
      'has longitude first, which the values prove',
      '<polygon>-120,38 -119,38 -119,39 -120,38</polygon>',
      { exterior: [{ lon: -120, lat: 38 }, {}, {}, {}] },
      'location.axisOrderSwapped',
    ],
  ])('repairs a polygon that %s, and says so', (_name, text, shape, code) => {
    const result = read(alert(area(text)));
    expect(result).toMatchObject({ shapes: [shape], warnings: expect.arrayContaining([code]) });
  });

  it.each([
    ['no XML', 'alert', 'location.xmlUnreadable'],
    ['another document', '<presence/>', 'location.alertUnreadable'],
    [
      'a DOCTYPE',
      `<!DOCTYPE alert [<!ENTITY a "1,2 1">]>${alert(area('<circle>&a;</circle>'))}`,
      'location.xmlUnreadable',
    ],
  ])('refuses %s', (_name, document, code) => {
    expect(read(document)).toBe(code);
  });

  it('reads so many areas', () => {
    const many = Array.from({ length: 40 }, (_, index) => `<circle>${index},0 1</circle>`);
    expect(read(alert(area(...many)))).toMatchObject({
      shapes: { length: defaultLocationLimits.locationsMax },
      warnings: ['location.tooMany'],
    });
  });
});

describe('isAlert', () => {
  it.each([
    ['application/emergencycalldata.cap+xml', '', true],
    ['application/common-alerting-protocol+xml', '', true],
    ['application/xml', alert(''), true],
    ['text/xml', '<presence/>', false],
    ['application/sdp', alert(''), false],
  ])('%s', (contentType, content, expected) => {
    expect(isAlert({ contentType, bytes: Buffer.from(content) })).toBe(expected);
  });
});

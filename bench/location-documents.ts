import type { Position } from '../src/geo/index.ts';
import type { PidfLoContent } from '../src/location/index.ts';
import { civicAddress, writePidfLo } from '../src/location/index.ts';

/** A document to measure. */
export interface BenchDocument {
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether the aim is for documents like this one. */
  readonly isTypical: boolean;
}

const center = { lon: -73.985_43, lat: 40.748_44 };
const address = civicAddress({
  ...{ country: 'US', A1: 'NY', A2: 'New York', A3: 'New York', RD: '5th', STS: 'Avenue', HNO: '350' },
  ...{ PC: '10118', FLR: '86', PLC: 'office' },
});
const around: PidfLoContent = {
  entity: 'pres:caller@carrier.example',
  id: 'location',
  deviceId: 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  shape: undefined,
  civic: undefined,
  method: 'GPS',
  timestamp: '2026-11-23T20:00:00Z',
  isRetransmissionAllowed: false,
  retentionExpires: '2026-11-24T20:00:00Z',
};

/** What callers' devices and carriers send, each form by one example. */
export function benchDocuments(): readonly BenchDocument[] {
  const ring = Array.from({ length: 20 }, (_, index): Position => {
    const angle = (2 * Math.PI * index) / 20;
    return { lon: center.lon + 0.01 * Math.cos(angle), lat: center.lat + 0.01 * Math.sin(angle) };
  });
  const polygon = { kind: 'polygon', exterior: [...ring, ...ring.slice(0, 1)], interiors: [] } as const;
  const circle = { kind: 'circle', center, radiusM: 25.5 } as const;
  const confidence = { percent: 90, pdf: 'normal' } as const;
  const point = { kind: 'point', position: center } as const;
  return [
    written('point', { ...around, shape: point }),
    { ...written('point and address', { ...around, shape: point, civic: address }), isTypical: true },
    { ...written('circle', { ...around, shape: circle, confidence }), isTypical: true },
    written('polygon of 20 corners', { ...around, shape: polygon, confidence }),
    written('address', { ...around, civic: address }),
    { name: 'degrees, minutes and seconds of 2003', bytes: Buffer.from(legacy), isTypical: false },
    { name: 'four locations in tuples and devices', bytes: compound(), isTypical: false },
  ];
}

function written(name: string, content: PidfLoContent): BenchDocument {
  return { name, bytes: Buffer.from(writePidfLo(content)), isTypical: false };
}

const legacy = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf"
    xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
    xmlns:gml="urn:opengis:specification:gml:schema-xsd:feature:v3.0"
    entity="pres:caller@carrier.example">
  <tuple id="a">
    <status>
      <gp:geopriv>
        <gp:location-info>
          <gml:location>
            <gml:Point gml:id="p" srsName="epsg:4326">
              <gml:coordinates>40:44:54.4N 73:59:07.5W</gml:coordinates>
            </gml:Point>
          </gml:location>
        </gp:location-info>
        <gp:usage-rules>
          <gp:retransmission-allowed>no</gp:retransmission-allowed>
        </gp:usage-rules>
      </gp:geopriv>
    </status>
    <timestamp>2026-11-23T20:00:00Z</timestamp>
  </tuple>
</presence>
`;

/** Two tuples, a device and a person, each with a place and three with an address too. */
function compound(): Buffer {
  const contents: readonly PidfLoContent[] = [
    { ...around, deviceId: undefined, id: 't1', shape: { kind: 'point', position: center }, civic: address },
    { ...around, deviceId: undefined, id: 't2', shape: { kind: 'circle', center, radiusM: 100 } },
    { ...around, id: 'd1', shape: { kind: 'circle', center, radiusM: 20 }, civic: address },
    {
      ...around,
      id: 'd2',
      shape: { kind: 'sphere', center: { ...center, altM: 12 }, radiusM: 9 },
      civic: address,
    },
  ];
  const bodies = contents.map(
    (content) => /<presence[^>]*>(.*)<\/presence>/s.exec(writePidfLo(content))?.[1] ?? '',
  );
  const open =
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" entity="pres:caller@carrier.example">';
  return Buffer.from(`${open}${bodies.join('')}</presence>`);
}

import { describe, expect, it } from 'vitest';
import type { LocationFilter } from '../../src/location/index.ts';
import { filterMediaType, writeLocationFilter } from '../../src/location/index.ts';
import { schemaErrors, schemasSkipped } from '../support/schemas.ts';

const simple =
  'xmlns="urn:ietf:params:xml:ns:simple-filter" xmlns:lf="urn:ietf:params:xml:ns:location-filter"';
const geo = 'xmlns:gml="http://www.opengis.net/gml"';
const any = '<what><lf:locationType>any</lf:locationType></what>';
const corner = (lon: number, lat: number) => ({ lon, lat });

const filters: readonly { name: string; filter: LocationFilter; xml: string }[] = [
  {
    name: 'RFC 6447 §3.5: the location as it is now, in any form',
    filter: {},
    xml: `<filter-set ${simple} package="presence"><filter id="location">${any}</filter></filter-set>`,
  },
  {
    name: 'RFC 6447 §3.5: types in order, of a presentity',
    filter: { uri: 'sip:a@example.com', locationTypes: ['geodetic', 'civic'], exact: true },
    xml: `<filter-set ${simple} package="presence"><filter id="location" uri="sip:a@example.com"><what><lf:locationType exact="true">geodetic civic</lf:locationType></what></filter></filter-set>`,
  },
  {
    name: 'RFC 6447 §3.1: after a move',
    filter: { movedM: 300 },
    xml: `<filter-set ${simple} package="presence"><filter id="location">${any}<trigger><lf:moved>300</lf:moved></trigger></filter></filter-set>`,
  },
  {
    name: 'RFC 6447 §3.4: into or out of a circle, or after a move',
    filter: { movedM: 0.5, region: { kind: 'circle', center: corner(-73.2512, 42.5463), radiusM: 850.24 } },
    xml: `<filter-set ${simple} ${geo} xmlns:gs="http://www.opengis.net/pidflo/1.0" package="presence"><filter id="location">${any}<trigger><lf:moved>0.5</lf:moved></trigger><trigger><lf:enterOrExit><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.5463 -73.2512</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">850.24</gs:radius></gs:Circle></lf:enterOrExit></trigger></filter></filter-set>`,
  },
  {
    name: 'RFC 6447 §3.4: into or out of a polygon',
    filter: {
      region: {
        kind: 'polygon',
        exterior: [corner(1, 1), corner(2, 1), corner(2, 2), corner(1, 1)],
        interiors: [],
      },
    },
    xml: `<filter-set ${simple} ${geo} package="presence"><filter id="location">${any}<trigger><lf:enterOrExit><gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior><gml:LinearRing><gml:pos>1 1</gml:pos><gml:pos>1 2</gml:pos><gml:pos>2 2</gml:pos><gml:pos>1 1</gml:pos></gml:LinearRing></gml:exterior></gml:Polygon></lf:enterOrExit></trigger></filter></filter-set>`,
  },
];

describe('filters of a location subscription', () => {
  it.each(filters)('$name', ({ filter, xml }) => {
    expect(writeLocationFilter(filter)).toBe(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  });

  it.skipIf(schemasSkipped !== '').each(filters)(`$name: valid${schemasSkipped}`, ({ filter }) => {
    expect(schemaErrors('filter', writeLocationFilter(filter))).toEqual([]);
  });

  it.skipIf(schemasSkipped !== '')(`the schema objects to faults${schemasSkipped}`, () => {
    const xml = writeLocationFilter({ movedM: 300, locationTypes: ['civic'] });
    for (const spoilt of [
      xml.replace('300', 'far'),
      xml.replace('civic', 'civil'),
      xml.replace(' id="location"', ''),
      xml.replaceAll('lf:moved', 'lf:jumped'),
    ]) {
      expect(schemaErrors('filter', spoilt)).not.toEqual([]);
    }
  });

  it('RFC 4661 §8.1: the media type', () => {
    expect(filterMediaType).toBe('application/simple-filter+xml');
  });
});

// Examples of the API document. A test holds each to its schema.

const boundary = {
  boundaryId: '48201',
  datasetId: 1,
  displayName: 'Harris County PSAP',
  serviceUrn: 'urn:service:sos',
  serviceUri: 'sip:48201@127.0.0.1:5070',
  serviceNumber: '911',
  priority: 0,
};

const mapping = {
  kind: 'mapped',
  rule: 'covers',
  boundary,
  others: [],
  detail: 'the point lies in boundary 48201',
};

const plan = {
  targets: [
    {
      uri: boundary.serviceUri,
      reason: 'mapped',
      displayName: boundary.displayName,
      boundaryId: boundary.boundaryId,
      ringTimeoutMs: 60_000,
    },
    {
      uri: 'sip:default@127.0.0.1:5070',
      reason: 'default',
      displayName: 'Default route',
      ringTimeoutMs: 60_000,
    },
  ],
  trace: ['the boundary names sip:48201@127.0.0.1:5070', 'the default route comes last'],
};

const stages = [
  { stage: 'locate', durationMs: 0.21, summary: 'a point was given' },
  { stage: 'map', durationMs: 0.84, summary: 'boundary 48201 covers it' },
  { stage: 'decide', durationMs: 0.02, summary: '2 targets' },
];

const located = {
  location: { source: { kind: 'query' }, shape: { kind: 'point', position: { lon: -95.37, lat: 29.76 } } },
  alternatives: [],
  candidates: [{ origin: 'query', outcome: 'chosen', reason: 'the only location' }],
  warnings: [],
  additionalData: [],
};

/** An answer to a route query. */
export const routeAnswerExample = {
  service: 'urn:service:sos',
  located,
  mapping,
  plan,
  stages,
  totalMs: 1.07,
};

/** A location document. */
export const pidfExample = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:gml="http://www.opengis.net/gml" entity="pres:caller@example.com">
  <tuple id="a"><status><gp:geopriv><gp:location-info>
    <gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>29.76 -95.37</gml:pos></gml:Point>
  </gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple>
</presence>
`;

const square = [
  [-95.5, 29.5],
  [-95, 29.5],
  [-95, 30],
  [-95.5, 30],
  [-95.5, 29.5],
];

/** A stored boundary. */
export const boundaryFeatureExample = {
  type: 'Feature',
  id: boundary.boundaryId,
  properties: {
    NGUID: boundary.boundaryId,
    DsplayName: boundary.displayName,
    ServiceURN: boundary.serviceUrn,
    ServiceURI: boundary.serviceUri,
    ServiceNum: boundary.serviceNumber,
    Country: 'US',
    A1: 'TX',
    A2: 'Harris',
    Priority: 0,
    datasetId: 1,
  },
  geometry: { type: 'MultiPolygon', coordinates: [[square]] },
};

/** A boundary file. */
export const featureCollectionExample = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: {
        NGUID: boundary.boundaryId,
        DsplayName: boundary.displayName,
        ServiceURN: boundary.serviceUrn,
        ServiceURI: boundary.serviceUri,
      },
      geometry: { type: 'Polygon', coordinates: [square] },
    },
  ],
};

/** What a source would become. */
export const gisPreviewExample = {
  layers: [
    {
      source: 'county.gpkg/roads',
      nenaLayer: 'RoadCenterLine',
      layer: 'roadCentreLine',
      toldBy: 'mapping',
      crs: 'EPSG:2278',
      fields: [
        { field: 'NGUID', from: ['OBJECTID'] },
        { field: 'Country_L', from: [], value: 'US' },
      ],
      unmapped: ['PAVEMENT'],
      rowCount: 10,
      isWhole: false,
      features: [],
      refused: [
        {
          ordinal: 1,
          boundaryId: '17',
          code: 'load.valueInvalid',
          reason:
            'county.gpkg/roads, row 1: Parity_L is text like "Aaa"; it has to be O, E, B or Z. Map other words to these in a mapping file',
        },
      ],
    },
  ],
  refused: [],
};

/** A dataset. */
export const datasetExample = {
  id: 1,
  name: 'spring',
  state: 'active',
  source: 'spring.geojson',
  createdAt: '2026-03-01T09:29:55.000Z',
  createdBy: 'admin',
  activatedAt: '2026-03-01T09:30:00.000Z',
  boundaryCount: 3221,
  layerCounts: {
    serviceBoundary: 3221,
    provisioningBoundary: 0,
    adminArea: 0,
    roadCentreLine: 0,
    addressPoint: 0,
  },
  revision: 0,
};

const call = {
  id: '0195513f-7c1e-7b52-9d4e-1f2a3b4c5d6e',
  receivedAt: '2026-03-01T10:00:00.000Z',
  state: 'ended',
  service: 'urn:service:sos',
  isTest: false,
  from: '<sip:+15550100@carrier.example>',
  to: '<urn:service:sos>',
  sipCallId: '3848276298220188511@192.0.2.4',
  ingress: 'default',
  statusCode: 200,
  answeredAt: '2026-03-01T10:00:01.105Z',
  endedAt: '2026-03-01T10:02:11.000Z',
};

/** A call in a list. */
export const callSummaryExample = {
  ...call,
  target: boundary.serviceUri,
  targetReason: 'mapped',
  boundaryName: boundary.displayName,
};

/** A call's record. */
export const callRecordExample = {
  ...call,
  method: 'INVITE',
  requestUri: 'urn:service:sos',
  recognition: {
    kind: 'emergency',
    service: 'urn:service:sos',
    isTest: false,
    rule: 'serviceUrnInRequestUri',
    matched: 'urn:service:sos',
    requestUri: 'urn:service:sos',
    isRequestUriReplaced: false,
  },
  located: {
    ...located,
    location: { ...located.location, source: { kind: 'body', partPath: '2', isReferenced: true } },
  },
  locationUpdates: [],
  locationKeptUntil: '2026-03-31T10:00:00.000Z',
  mapping,
  plan,
  stages,
  attempts: [
    {
      target: boundary.serviceUri,
      nextHop: '127.0.0.1:5070;transport=udp',
      startedAt: '2026-03-01T10:00:00.003Z',
      endedAt: '2026-03-01T10:00:01.104Z',
      statusCode: 200,
    },
  ],
  warnings: [],
};

/** A location table. */
export const locationTableExample = {
  name: 'number',
  rowCount: 2,
  updatedAt: '2026-03-01T09:30:00.000Z',
  updatedBy: 'admin',
  source: 'lines.csv',
  isLoading: false,
};

/** A row of a location table. */
export const locationRowExample = {
  key: '+15551230100',
  shape: { kind: 'circle', center: { lon: -95.37, lat: 29.76 }, radiusM: 50 },
  civic: { country: 'US', A1: 'TX', A3: 'Houston', RD: 'Main', STS: 'Street', HNO: '7' },
  updatedAt: '2026-03-01T09:30:00.000Z',
};

/** A file of a location table. */
export const locationCsvExample = `key,lat,lon,radiusM,country,A1,A3
+15551230100,29.76,-95.37,50,US,TX,Houston
+1555124*,29.80,-95.40,5000,US,TX,Houston
`;

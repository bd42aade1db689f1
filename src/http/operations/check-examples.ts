// Examples of what checks, differences and shadow routing answer, for the API document. A test holds each to its schema.

/** A finished check. */
export const checkReportExample = {
  datasetId: 2,
  state: 'finished',
  startedAt: '2026-03-01T09:30:00.000Z',
  finishedAt: '2026-03-01T09:30:01.640Z',
  minAreaM2: 100,
  revision: 0,
  detail: '',
  progress: 1,
  counts: { error: 0, warning: 1, info: 6 },
  countsByCode: { smallOverlap: 1, layerMissing: 6 },
  isActivatable: true,
};

/** A finding. */
export const findingExample = {
  no: 1,
  code: 'smallOverlap',
  severity: 'warning',
  layer: 'serviceBoundary',
  featureId: '48157',
  otherId: '48201',
  reason: '"Fort Bend County PSAP" and "Harris County PSAP" both have 1540 m² for urn:service:sos',
  areaM2: 1_540.2,
  place: {
    type: 'Polygon',
    coordinates: [
      [
        [-95.5, 29.5],
        [-95.4995, 29.5],
        [-95.4995, 29.5003],
        [-95.5, 29.5],
      ],
    ],
  },
};

const target = {
  uri: 'sip:48201@127.0.0.1:5070',
  boundaryId: '48201',
  displayName: 'Harris County PSAP',
  how: 'covers',
};
const other = {
  uri: 'sip:48157@127.0.0.1:5070',
  boundaryId: '48157',
  displayName: 'Fort Bend County PSAP',
  how: 'covers',
};

/** What a run of shadow routing came to. */
export const shadowSummaryExample = {
  total: 1_000,
  done: 1_000,
  same: 999,
  moved: 1,
  lost: 0,
  gained: 0,
  failed: 0,
  flows: [{ from: target.uri, to: other.uri, count: 1 }],
  differences: [
    { position: { lon: -95.4998, lat: 29.5001 }, service: 'urn:service:sos', from: target, to: other },
  ],
};

/** A run of shadow routing. */
export const shadowReportExample = {
  datasetId: 2,
  with: 1,
  source: 'border',
  count: 1_000,
  seed: 1,
  state: 'finished',
  startedAt: '2026-03-01T09:31:00.000Z',
  finishedAt: '2026-03-01T09:31:00.720Z',
  detail: '',
  summary: shadowSummaryExample,
};

const untouched = { added: 0, removed: 0, changed: 0, same: 0 };

/** What is different between two datasets. */
export const datasetDiffExample = {
  from: 1,
  to: 2,
  layers: {
    serviceBoundary: { added: 0, removed: 0, changed: 1, same: 3_220 },
    provisioningBoundary: untouched,
    adminArea: untouched,
    roadCentreLine: untouched,
    addressPoint: untouched,
  },
  changes: [
    {
      layer: 'serviceBoundary',
      featureId: '48201',
      kind: 'changed',
      fields: ['displayName', 'geometry'],
      changedAreaM2: 1_540.2,
    },
  ],
};

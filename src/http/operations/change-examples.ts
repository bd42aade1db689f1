import { datasetExample, featureCollectionExample } from './examples.ts';

// Examples of sets of changes. A test holds each to its schema.

/** A set: a boundary that takes the place of its former state, and one that ends with the year. */
export const changeRequestExample = {
  type: 'FeatureCollection',
  features: [
    ...featureCollectionExample.features.slice(0, 1).map((feature) => ({ ...feature, action: 'change' })),
    {
      type: 'Feature',
      action: 'expire',
      properties: { NGUID: '48157', Expire: '2027-01-01T00:00:00Z' },
      geometry: null,
    },
  ],
};

/** The answer to it. */
export const changeAnswerExample = {
  changeSet: {
    no: 7,
    datasetId: 1,
    revision: 3,
    at: '2026-03-01T10:00:00.000Z',
    actor: 'admin',
    note: 'Annexation of the north side',
    edits: [
      { action: 'change', layer: 'serviceBoundary', featureId: '48201' },
      { action: 'expire', layer: 'serviceBoundary', featureId: '48157' },
    ],
  },
  dataset: { ...datasetExample, revision: 3 },
  repaired: [],
};

/** A feature that was changed once. */
export const featureVersionsExample = {
  items: [{ removedIn: 7 }, { addedIn: 7, effective: '2026-03-01T00:00:00.000Z' }],
};

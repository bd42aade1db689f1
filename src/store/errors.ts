import { defineErrors } from '../base/index.ts';

/** The error codes of the store room. */
export const storeErrors = defineErrors({
  'store.databaseDown': { kind: 'dependency', meaning: 'The database cannot be reached, or is starting.' },
  'store.deadlineMissed': { kind: 'dependency', meaning: 'The database did not answer within the deadline.' },
  'store.resultLost': {
    kind: 'dependency',
    meaning: 'A statement ended without the one row that it must return; its work was undone.',
  },
  'store.areaTooLarge': {
    kind: 'dependency',
    meaning: "More parts of boundaries lie in the box of a caller's area than are overlaid for one answer.",
  },
  'store.standbyFailed': {
    kind: 'dependency',
    meaning: 'The standby index could not be made or loaded, or has no dataset to answer from.',
  },
  'store.queryFailed': { kind: 'dependency', meaning: 'The database refused a statement.' },
  'store.closed': { kind: 'dependency', meaning: 'The store is closed or closing.' },
  'store.loadFailed': {
    kind: 'dependency',
    meaning: 'A load could not be finished; nothing was kept of it.',
  },
  'store.folderLocked': { kind: 'config', meaning: 'Another process has the data folder open.' },
  'store.schemaUnknown': {
    kind: 'config',
    meaning: 'The database has a schema that this version does not know.',
  },
  'store.migrationFailed': { kind: 'config', meaning: 'A migration could not be applied.' },
  'store.postgisMissing': {
    kind: 'config',
    meaning: 'The PostgreSQL server has no usable PostGIS extension.',
  },
  'store.workerMissing': {
    kind: 'config',
    meaning: 'The compiled database worker is not there; build first.',
  },
  'store.emptyLoad': { kind: 'reject', meaning: 'A load had no feature or no row.' },
  'store.emptyGeometry': { kind: 'reject', meaning: 'A feature has no polygon, or a polygon no ring.' },
  'store.ringOpen': { kind: 'reject', meaning: 'A ring does not end where it begins.' },
  'store.ringTooShort': {
    kind: 'reject',
    meaning: 'A ring has fewer than four positions.',
  },
  'store.coordinateOutOfRange': {
    kind: 'reject',
    meaning: 'A coordinate is not a finite longitude of -180 to 180 or latitude of -90 to 90.',
  },
  'store.lineTooShort': { kind: 'reject', meaning: 'A line has no two different positions.' },
  'store.crsUnknown': {
    kind: 'reject',
    meaning:
      'The coordinate system of a source is not known to the database, or it cannot read its definition.',
  },
  'store.transformFailed': {
    kind: 'reject',
    meaning: 'The coordinates of a feature cannot be brought to longitude and latitude.',
  },
  'store.datesReversed': { kind: 'reject', meaning: 'A feature expires before, or when, it takes effect.' },
  'store.idTaken': { kind: 'reject', meaning: 'A feature to be added has the id of one that is there.' },
  'store.featureUnknown': { kind: 'reject', meaning: 'A feature to be changed or expired is not there.' },
  'store.duplicateKey': { kind: 'reject', meaning: 'Two rows of a location table have one key.' },
  'store.locationRemoved': {
    kind: 'reject',
    meaning: 'Positions, addresses and references were taken off a call record when their time was over.',
  },
  'store.duplicateId': { kind: 'reject', meaning: 'Two features of a layer have one id.' },
  'store.layerUnknown': { kind: 'reject', meaning: 'A feature is of a layer that is not kept.' },
  'store.invalidGeometry': {
    kind: 'reject',
    meaning: 'A polygon is not valid, and was repaired if asked for.',
  },
  'store.unrepairable': { kind: 'reject', meaning: 'An invalid polygon has no area left after its repair.' },
});

/** A code of the store room. */
export type StoreErrorCode = keyof typeof storeErrors;

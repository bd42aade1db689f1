// A process that does one kind of work on a store again and again, and says when it begins and ends each piece; it is
// killed by its parent, or its database is. Runs the compiled program.
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [dist, dataDir, databaseUrl, focus, seed] = process.argv.slice(2);
const { openStore } = await import(new URL('src/store/index.js', pathToFileURL(`${dist}/`)).href);
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const actor = { name: 'victim', via: 'cli' };
const options = { invalidGeometry: 'refuse', actor, source: 'chaos' };

let step = 0;
/** A whole number below `count`, the same ones for one seed. */
function pick(count) {
  step += 1;
  return createHash('sha256').update(`${seed} ${step}`).digest().readUInt32LE(0) % count;
}

const store = await openStore({
  databaseUrl: databaseUrl === '' ? undefined : databaseUrl,
  dataDir,
  logger,
  recordWriteDelayMs: 100,
});
await store.prepared;
console.log('open');

const works = { load, activate, change, remove };
for (;;) {
  console.log(`begin ${focus}`);
  try {
    await works[focus]();
    console.log(`end ${focus}`);
  } catch (error) {
    console.log(`failed ${error.code ?? error.message}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function datasets() {
  return await store.boundaries.listDatasets();
}

async function load() {
  const all = await datasets();
  const base = pick(3) === 0 ? all.find(({ state }) => state === 'active')?.id : undefined;
  const outcome = await store.boundaries.load(features(base === undefined), {
    ...options,
    name: `chaos ${step}`,
    base,
  });
  if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome.refused.slice(0, 2)));
  if (all.length > 6) await removeOne();
}

async function activate() {
  const all = await datasets();
  if (all.length < 3) await load();
  else if (pick(3) === 0) await store.boundaries.rollBack(actor);
  else await store.boundaries.activate(all[pick(all.length)].id, actor);
}

/** All of the group get the same new priority, so that half a set would show. */
async function change() {
  const active = (await datasets()).find(({ state }) => state === 'active');
  const sets = await store.changes.list({
    datasetId: active.id,
    limit: 1,
    before: undefined,
    featureId: undefined,
  });
  if (sets[0] !== undefined && sets[0].undoneAt === undefined && pick(3) === 0) {
    await store.changes.undo(active.id, sets[0].no, actor);
    return;
  }
  const priority = pick(1_000);
  const edits = group(priority).map((feature) => ({ kind: 'change', feature: { kind: 'feature', feature } }));
  const outcome = await store.changes.apply(edits, {
    datasetId: active.id,
    actor,
    note: String(priority),
    invalidGeometry: 'refuse',
    requestKey: undefined,
  });
  if (outcome.kind !== 'applied') throw new Error(JSON.stringify(outcome));
}

async function remove() {
  if ((await datasets()).length < 3) await load();
  else await removeOne();
}

async function removeOne() {
  const idle = (await datasets()).filter(({ state }) => state !== 'active');
  const { id } = idle[pick(idle.length)];
  await store.review.removeDataset(id, actor);
}

async function* features(withBoundaries) {
  let ordinal = 0;
  const shared = {
    discrepancyAgencyId: 'chaos.example',
    dateUpdate: undefined,
    effective: undefined,
    expire: undefined,
    crs: undefined,
  };
  const next = (kind, feature) => {
    ordinal += 1;
    return { kind, feature: { ...feature, ordinal } };
  };
  if (withBoundaries) {
    for (const feature of group(0)) yield next('feature', feature);
    for (let index = 0; index < 60; index += 1)
      yield next('feature', boundary(`plain-${index}`, 20 + index, 0));
  }
  yield next('provisioningBoundary', { ...shared, featureId: 'ground', coordinates: [[square(0, 0, 90)]] });
  for (let index = 0; index < 12; index += 1) {
    const civic = {
      country: 'US',
      elements: new Map([
        ['A1', 'TX'],
        ['A2', `County ${index}`],
      ]),
      language: undefined,
    };
    yield next('adminArea', {
      ...shared,
      featureId: `area-${index}`,
      level: 2,
      civic,
      coordinates: [[square(index, 0, 1)]],
    });
  }
}

function group(priority) {
  return Array.from({ length: 12 }, (_each, index) => boundary(`group-${index}`, index, priority, index + 1));
}

function boundary(boundaryId, column, priority, ordinal = 1) {
  return {
    ordinal,
    boundaryId,
    displayName: boundaryId,
    serviceUrn: 'urn:service:sos',
    serviceUri: `sip:${boundaryId}@psap.example`,
    serviceNumber: '911',
    agencyId: undefined,
    priority,
    effective: undefined,
    expire: undefined,
    country: 'US',
    a1: 'TX',
    a2: undefined,
    a3: undefined,
    geometry: { type: 'MultiPolygon', coordinates: [[wavy(column)]] },
  };
}

/** A square whose sides have many corners, so that it is kept in several parts. */
function wavy(column) {
  const ring = [];
  for (let index = 0; index < 200; index += 1) ring.push([column + index / 200, 0]);
  for (let index = 0; index < 200; index += 1) ring.push([column + 1, index / 200]);
  for (let index = 0; index < 200; index += 1) ring.push([column + 1 - index / 200, 1]);
  for (let index = 0; index < 200; index += 1) ring.push([column, 1 - index / 200]);
  ring.push([column, 0]);
  return ring;
}

function square(west, south, size) {
  return [
    [west, south],
    [west + size, south],
    [west + size, south + size],
    [west, south + size],
    [west, south],
  ];
}

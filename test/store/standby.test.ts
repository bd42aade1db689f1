import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BoundaryAdmin, BoundaryFeature, LookupScope } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import type { Database } from '../../src/store/database/types.ts';
import { MemoryLookup } from '../../src/store/memory/memory-lookup.ts';
import { snapshotFile } from '../../src/store/memory/snapshot-file.ts';
import { Standby } from '../../src/store/memory/standby.ts';
import {
  actor,
  box,
  drivers,
  feature,
  type RecordingLogger,
  recordingLogger,
  sos,
  source,
  type TestDatabase,
  temporaryFolder,
  testNow,
} from './harness.ts';

// The standby index follows the active dataset, and is there again from its file.

const scope: LookupScope = { services: [sos], asOf: testNow, deadlineMs: 1_000 };
const never = 2_000_000_000;

/** A ring of so many corners that its geometry is read in pieces. */
function round(corners: number): BoundaryFeature['geometry'] {
  const ring = Array.from({ length: corners }, (_, corner) => {
    const angle = (corner * 2 * Math.PI) / corners;
    return [20 + Math.cos(angle), 20 + Math.sin(angle)] as const;
  });
  return { type: 'MultiPolygon', coordinates: [[[...ring, ...ring.slice(0, 1)]]] };
}

/** Resolves when an event is logged for the first time after this. */
function whenLogged(logger: RecordingLogger, event: string): Promise<void> {
  return new Promise((resolve) => {
    const push = logger.events.push.bind(logger.events);
    logger.events.push = (...items: string[]) => {
      if (items.includes(event)) resolve();
      return push(...items);
    };
  });
}

async function at(standby: Standby, lon: number, lat: number): Promise<readonly string[]> {
  const answer = await new MemoryLookup(() => standby.snapshot).byPoint({ lon, lat }, scope);
  return answer.kind === 'found' ? answer.matches.map(({ boundaryId }) => boundaryId) : [answer.kind];
}

describe.each(drivers)('the standby index beside $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of drawn boundaries', () => {
    let test: TestDatabase;
    let database: Database;
    let boundaries: BoundaryAdmin;
    let file: string;

    const make = (path = file, logger = recordingLogger()) =>
      new Standby(database, { file: path, logger, pollMs: never });
    const activate = async (...features: readonly BoundaryFeature[]) => {
      const outcome = await boundaries.load(source(...features), {
        name: 'drawn',
        source: 'test',
        actor,
        invalidGeometry: 'refuse',
      });
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      await boundaries.activate(outcome.dataset.id, actor);
      return outcome.dataset.id;
    };
    const script = (sql: string) => database.dbTransaction((tx) => tx.script(sql), { deadlineMs: 20_000 });

    beforeAll(async () => {
      test = await open();
      ({ database } = test);
      boundaries = makeBoundaryAdmin(database, 20_000, recordingLogger());
      file = snapshotFile(test.dataDir);
    });
    afterAll(async () => await test.close());

    it('has nothing before a dataset is active', async () => {
      const standby = make();
      await standby.load();
      await standby.follow();
      expect(standby.status()).toMatchObject({ snapshot: undefined, isCurrent: true, fault: undefined });
      await expect(at(standby, 0, 0)).rejects.toMatchObject({ code: 'store.standbyFailed' });
      await standby.stop();
    });

    it('follows activations, changes and roll backs as they are notified', async () => {
      const logger = recordingLogger();
      const standby = make(file, logger);
      const first = await activate(feature('a', {}));
      await standby.follow();
      expect(await at(standby, 0.5, 0.5)).toEqual(['a']);
      expect(standby.status()).toMatchObject({ origin: 'database', isCurrent: true });

      let ready = whenLogged(logger, 'standby.ready');
      await activate(feature('b', {}), feature('c', { geometry: box(5, 5, 6, 6) }));
      await ready;
      expect(await at(standby, 0.5, 0.5)).toEqual(['b']);

      ready = whenLogged(logger, 'standby.ready');
      await script(`update service_boundary set removed_in = 1 where boundary_id = 'c';
        update dataset set revision = revision + 1 where state = 'active';
        select pg_notify('firstline_active_dataset', '')`);
      await ready;
      expect(await at(standby, 5.5, 5.5)).toEqual(['nothing']);
      expect(standby.snapshot?.version.revision).toBe(1);

      ready = whenLogged(logger, 'standby.ready');
      await boundaries.rollBack(actor);
      await ready;
      expect(standby.snapshot?.version).toMatchObject({ datasetId: first, revision: 0 });
      await standby.stop();
    });

    it('reads a polygon in pieces, and every corner of it', async () => {
      const corners = 50_000;
      await activate(feature('round', { geometry: round(corners) }), feature('last', {}));
      const standby = make();
      await standby.follow();
      expect(standby.snapshot?.index.vertexCount).toBe(corners + 1 + 5);
      expect(await at(standby, 20.99, 20)).toEqual(['round']);
      expect(await at(standby, 20.8, 20.8)).toEqual(['nothing']);
      expect(await at(standby, 0.5, 0.5)).toEqual(['last']);
      await standby.stop();
    });

    it('is there again from its file, the same, and reads nothing where that is current', async () => {
      const logger = recordingLogger();
      const standby = make(file, logger);
      await standby.load();
      expect(standby.status()).toMatchObject({ origin: 'file', isCurrent: false });
      expect(await at(standby, 20.99, 20)).toEqual(['round']);
      const before = standby.snapshot;
      await standby.follow();
      expect(standby.snapshot).toBe(before);
      expect(standby.isCurrent).toBe(true);
      expect(readdirSync(dirname(file))).toEqual(['active.snapshot']);
      await standby.stop();
    });

    it('is made anew where the file is of another database’s dataset of the same number', async () => {
      const standby = make();
      await standby.load();
      await script("update dataset set created_at = created_at + interval '1 second' where state = 'active'");
      await standby.refresh();
      expect(standby.status()).toMatchObject({ origin: 'database', isCurrent: true });
      await standby.stop();
    });

    const damages: readonly (readonly [string, (bytes: Buffer) => Buffer, string])[] = [
      ['a changed corner', (bytes) => changed(bytes, bytes.length - 20), 'checksum'],
      ['a changed attribute', (bytes) => changed(bytes, 400), 'checksum'],
      ['a changed checksum', (bytes) => changed(bytes, 20), 'checksum'],
      ['another kind of file', (bytes) => changed(bytes, 0), 'not a snapshot'],
      ['half of it', (bytes) => bytes.subarray(0, bytes.length / 2), 'checksum'],
      ['nothing', () => Buffer.alloc(0), 'too short'],
    ];
    it.each(damages)('is not taken from a damaged file: %s', async (_name, damage, reason) => {
      const copy = join(temporaryFolder(), 'standby', 'active.snapshot');
      mkdirSync(dirname(copy));
      writeFileSync(copy, damage(Buffer.from(readFileSync(file))));
      const logger = recordingLogger();
      const standby = make(copy, logger);
      await standby.load();
      expect(standby.snapshot).toBeUndefined();
      expect(standby.status().fault).toContain(reason);
      expect(logger.events).toEqual(['standby.fileUnusable']);
      await standby.follow();
      expect(standby.status()).toMatchObject({ origin: 'database', isCurrent: true, fault: undefined });
      expect(readFileSync(copy).equals(readFileSync(file))).toBe(true);
      await standby.stop();
      rmSync(dirname(dirname(copy)), { recursive: true });
    });

    it('answers where it cannot be written, and says so', async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'taken'), '');
      const logger = recordingLogger();
      const standby = make(join(folder, 'taken', 'active.snapshot'), logger);
      await standby.follow();
      expect(await at(standby, 0.5, 0.5)).toEqual(['last']);
      expect(logger.events).toContain('standby.notWritten');
      await standby.stop();
      rmSync(folder, { recursive: true });
    });

    it('keeps the event loop going while it is made and loaded', async () => {
      const standby = make();
      let longestMs = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        const now = performance.now();
        longestMs = Math.max(longestMs, now - last);
        last = now;
      }, 1);
      await standby.load();
      await script("update dataset set created_at = created_at + interval '1 second' where state = 'active'");
      await standby.refresh();
      clearInterval(timer);
      await standby.stop();
      // Single turns are a millisecond or two; a busy machine stretches them.
      expect(longestMs).toBeLessThan(500);
    });
  });
});

function changed(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

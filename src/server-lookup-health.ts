import type { HealthCheck } from './http/index.ts';
import type { StandbyHealth, Store } from './store/index.ts';

/** Who answers lookups, and whether the standby index could. */
export function lookupChecks(store: Store): readonly HealthCheck[] {
  const { standby, database } = store.health();
  if (standby === undefined) return [];
  const isAway = standby.databaseAwayBecause ?? (database.state === 'down' ? database.reason : undefined);
  return [
    {
      name: 'lookup',
      ok: isAway === undefined,
      detail:
        isAway === undefined
          ? 'answered'
          : `${standby.datasetId === undefined ? 'not answered' : 'answered by the standby index'}: ${isAway}`,
    },
    {
      name: 'standby',
      ok: standby.fault === undefined && (standby.isCurrent || standby.isBuilding),
      detail: standbyText(standby),
    },
  ];
}

function standbyText(standby: StandbyHealth): string {
  const { datasetId, revision, boundaryCount, isCurrent, isBuilding, origin, fault } = standby;
  const held =
    datasetId === undefined
      ? 'no dataset in memory'
      : `dataset ${datasetId} at revision ${revision ?? 0} from the ${origin ?? 'file'}, ${boundaryCount} boundaries`;
  const state = isBuilding
    ? 'a newer one is being read'
    : isCurrent
      ? 'current'
      : 'not compared with the database';
  return [held, state, ...(fault === undefined ? [] : [fault])].join('; ');
}

/** The same as counts. */
export function lookupCounters(store: Store): Readonly<Record<string, number>> {
  const { standby } = store.health();
  if (standby === undefined) return {};
  const { lookups } = standby;
  return {
    firstline_lookup_database_answers: lookups['databaseAnswers'] ?? 0,
    firstline_lookup_memory_answers: lookups['memoryAnswers'] ?? 0,
    firstline_lookup_database_late: lookups['databaseLate'] ?? 0,
    firstline_lookup_database_failed: lookups['databaseFailed'] ?? 0,
    firstline_lookup_database_skipped: lookups['databaseSkipped'] ?? 0,
    firstline_lookup_database_probes: lookups['probes'] ?? 0,
    firstline_lookup_database_away: standby.databaseAwayBecause === undefined ? 0 : 1,
    firstline_standby_current: standby.isCurrent ? 1 : 0,
    firstline_standby_boundaries: standby.boundaryCount,
    firstline_standby_vertices: standby.vertexCount,
    firstline_standby_bytes: standby.sizeBytes,
  };
}

import type { CivicResolution, LookupAnswer } from '../esrp/index.ts';
import { type CivicWork, withCivic } from './civic-work.ts';
import { areaByNames, isAreaShared, type NamedAreaJson } from './sql/civic-area.ts';

/**
 * Which boundary serves the areas that an address names: one with the areas' names, or, by a finer level than that or where
 * names leave it open, the one PSAP that has all of the area's polygon.
 */
export async function areaOf(work: CivicWork): Promise<LookupAnswer> {
  const { steps, ports } = work;
  const { answer, level } = await ports.byNames();
  const isFound = answer.kind === 'found' || answer.kind === 'absent';
  steps.push(`area: ${nameSteps(answer, level)}`);
  const inPolygon = await byPolygon(work, isFound ? level + 1 : 1);
  if (inPolygon !== undefined) return inPolygon;
  if (answer.kind === 'nothing' || answer.kind === 'noActiveDataset') return answer;
  const civic: CivicResolution = {
    ...{ layer: 'area' as const, position: undefined, score: 1, steps },
    featureId: undefined,
  };
  return answer.kind === 'ambiguous' ? { ...answer, civic } : withCivic(answer, 'area', civic);
}

function nameSteps(answer: LookupAnswer, level: number): string {
  if (answer.kind === 'ambiguous')
    return `boundaries of several PSAPs have the names down to ${levelName(level)}`;
  if (answer.kind === 'found' || answer.kind === 'absent')
    return `a boundary has the names down to ${levelName(level)}`;
  return 'no boundary has the names';
}

function levelName(level: number): string {
  return level < 1 ? 'country' : `A${level}`;
}

/** By the polygon of the finest named area, `levelMin` or finer. */
async function byPolygon(work: CivicWork, levelMin: number): Promise<LookupAnswer | undefined> {
  const { question, ports, scope, steps } = work;
  const { asOf, services } = scope;
  if (question.areaLevel < levelMin) return undefined;
  const { area } = await ports.ask<NamedAreaJson>(
    areaByNames(ports.datasetId, question.place, { level: question.areaLevel, asOf }),
  );
  if (area === null || area.level < levelMin) {
    steps.push('area: no polygon of a named area');
    return undefined;
  }
  if (area.count > 1) {
    steps.push(`area: ${area.count} polygons of level A${area.level} have the names`);
    return undefined;
  }
  const answer = await ports.byPoint({ lon: area.lon, lat: area.lat });
  if (answer.kind !== 'found' && answer.kind !== 'absent') {
    steps.push(`area: no boundary covers the polygon of A${area.level}`);
    return undefined;
  }
  const boundary = answer.kind === 'found' ? answer.matches[0] : answer.boundary;
  // A boundary of a service that goes before it would serve a part of the area.
  const before = services.slice(0, services.indexOf(boundary.serviceUrn) + 1);
  const { isShared } = await ports.ask<{ readonly activeId: number | null; readonly isShared: boolean }>(
    isAreaShared(ports.datasetId, area.featureNo, {
      asOf,
      services: before,
      serviceUri: boundary.serviceUri,
    }),
  );
  if (isShared) {
    steps.push(`area: several PSAPs have parts of the polygon of A${area.level}`);
    return undefined;
  }
  steps.push(`area: one PSAP has all of the polygon of A${area.level}`);
  return withCivic(answer, 'area', {
    layer: 'area',
    featureId: area.featureId,
    position: undefined,
    score: 1,
    steps,
  });
}

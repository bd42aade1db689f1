import { hostname } from 'node:os';
import { serviceUrn, wallMs } from './base/index.ts';
import type { Config, LostRegionConfig } from './config/index.ts';
import type { CoverageRegion, EcrfServiceOptions, LostLookupOptions, OtherServer } from './ecrf/index.ts';
import { isLostSource } from './lost/index.ts';
import { serviceRoutes } from './server-settings.ts';

// The configuration of LoST in the forms in which the rooms take it.

/** This server's LoST name: as configured, else of its domain or the machine, with a dot in it as RFC 5222 §15 wants. */
export function lostName(config: Config): string {
  const name = config.lost.name ?? config.identity.domain ?? hostname();
  if (isLostSource(name)) return name;
  const plain = name.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '');
  const local = `${plain === '' ? 'firstline' : plain}.localdomain`;
  return isLostSource(local) ? local : 'firstline.localdomain';
}

/** What the service goes by. */
export function ecrfOptions(config: Config, startedAtMs: number): EcrfServiceOptions {
  const { lost } = config;
  const { cache, sync } = lost;
  return {
    name: lostName(config),
    expiresMs: lost.expiresS * 1_000,
    mappingsMax: lost.mappingsMax,
    boundaryCornersMax: lost.boundaryCornersMax,
    similarMax: lost.similarMax,
    deadlineMs: lost.deadlineMs,
    lookupsMax: lost.lookupsMax,
    validation: lost.validation,
    recurses: lost.recursion === 'allowed',
    redirectsMax: lost.redirectsMax,
    servers: otherServers(config),
    defaults: new Map(
      [...serviceRoutes(config)].map(([service, uri]) => [
        service,
        { uri, displayName: `default of ${service}` },
      ]),
    ),
    cache: cacheOptions(cache),
    sync: {
      offers: sync.offers,
      coverage: sync.coverage.map(({ service, regions }) => ({
        service: serviceUrn(service),
        regions: regions.map(regionOf),
      })),
      // What is configured holds from the start on: a node that starts with another coverage has the newer one.
      coverageSince: wallMs(Math.floor(startedAtMs / 1_000) * 1_000),
      documentMappingsMax: 2_000,
      // A corner takes some forty bytes of a document.
      documentCornersMax: Math.floor(sync.bytesMax / 64),
      sources: sync.sources,
      pushTo: sync.pushTo,
      deadlineMs: Math.max(lost.deadlineMs, 10_000),
      mappingsMax: sync.mappingsMax,
    },
  };
}

/** How calls are mapped by other servers; undefined where they are not. */
export function lostLookupOptions({ lost }: Config): LostLookupOptions | undefined {
  const { use, servers, deadlineShare } = lost.client;
  if (use === 'never') return undefined;
  return { use, servers, deadlineShare, cache: cacheOptions(lost.cache) };
}

function cacheOptions({ entriesMax, ageMaxS, staleMaxS }: Config['lost']['cache']) {
  return { entriesMax, ageMaxMs: ageMaxS * 1_000, staleMaxMs: staleMaxS * 1_000 };
}

/** Servers that calls alone are mapped by answer no questions of LoST clients, unless they have a coverage too. */
function otherServers({ lost }: Config): readonly OtherServer[] {
  const forCalls = new Set(lost.client.use === 'never' ? [] : lost.client.servers);
  const forSync = new Set([...lost.sync.sources, ...lost.sync.pushTo]);
  return Object.entries(lost.servers).flatMap(([name, { role, services, coverage }]) => {
    const isAside = role === 'child' && coverage.length === 0 && (forCalls.has(name) || forSync.has(name));
    return isAside
      ? []
      : [{ name, role, services: services.map(serviceUrn), coverage: coverage.map(regionOf) }];
  });
}

function regionOf(region: LostRegionConfig): CoverageRegion {
  if ('civic' in region) return { kind: 'civic', elements: new Map(Object.entries(region.civic)) };
  if ('circle' in region) {
    const { lat, lon, radiusM } = region.circle;
    return { kind: 'shape', shape: { kind: 'circle', center: { lon, lat }, radiusM } };
  }
  const corners = region.polygon.map(([lon, lat]) => ({ lon, lat }));
  const [first, last] = [corners[0], corners.at(-1)];
  const isClosed = first?.lon === last?.lon && first?.lat === last?.lat;
  const exterior = isClosed || first === undefined ? corners : [...corners, first];
  return { kind: 'shape', shape: { kind: 'polygon', exterior, interiors: [] } };
}

import type { LayerName } from '../esrp/index.ts';
import { shown } from './checks-attributes.ts';
import type { CheckContext } from './checks-context.ts';
import { inGroups } from './checks-context.ts';
import { PieceClusters, type PiecePolygon } from './checks-pieces.ts';
import { areaText, errorAreaM2, type OverlapBox } from './checks-polygons.ts';
import { isRequiredService, serviceGroup } from './checks-services.ts';
import type { Statement } from './database/types.ts';
import type { CheckedBoundary } from './sql/check-boundary.ts';
import { civicBeyond, civicOutside, type OutsideFeature } from './sql/check-civic.ts';
import {
  type BoundaryPiece,
  coverOfTiles,
  type DomainPiece,
  domainPieces,
  extentOf,
  joinPieces,
  type Neighbour,
  neighboursOf,
  openInTile,
  outsideInTile,
  partDensity,
  type TileBox,
  type TileCover,
  type TilePiece,
} from './sql/check-tile.ts';

// Gaps, and ground outside of the provisioning boundary, tile by tile.

/** Parts of boundaries that a tile has, about: 128 corners each. */
const tilePartsMax = 32;
/** The grid that tiles are made of is this many cells wide and high; a power of two. */
const gridCells = 128;
/** Parts that one statement of areas looks at. */
const statementPartsMax = 250;
/** The frame around everything, so that what lies outside is connected (degrees). */
const frameDeg = 0.001;
const metresPerDegree = 111_195;
/** Tiles are compared exactly where their cover is not right by this share of the threshold. */
const doubtShare = 0.01;
const neighboursMax = 20;

interface Tile {
  readonly box: TileBox;
  readonly parts: number;
}

/** What is looked at: all that is in force, and the ground that it should cover. */
interface Question {
  readonly context: CheckContext;
  /** The URNs of each group of services. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly skipped: readonly number[];
  /** Undefined: no provisioning boundary. */
  readonly domain: readonly DomainPiece[] | undefined;
  readonly overlaps: readonly OverlapBox[];
  /** Layers of roads and addresses that there are. */
  readonly civic: readonly CivicTable[];
}

type CivicTable = keyof typeof civicLayers;
const civicLayers = { address_point: 'addressPoint', road_segment: 'roadCentreLine' } as const;
/** Roads and addresses outside that are told of one tile; where there are so many, one would do. */
const outsidePerTileMax = 200;

interface Findings {
  readonly gaps: ReadonlyMap<string, PieceClusters>;
  readonly outsideCivic: Set<string>;
  readonly outside: Map<number, { readonly id: string; areaM2: number; readonly shapes: PiecePolygon[] }>;
}

/**
 * Ground of each service that is in none of its boundaries, and ground of boundaries outside of the provisioning boundary.
 * Without a provisioning boundary gaps are what boundaries enclose.
 */
export async function checkCover(
  context: CheckContext,
  of: {
    readonly boundaries: readonly CheckedBoundary[];
    /** Numbers of boundaries whose geometry no overlay can take. */
    readonly skipped: readonly number[];
    readonly provisioning: readonly number[];
    readonly overlaps: readonly OverlapBox[];
    readonly layerCounts: Readonly<Partial<Record<LayerName, number>>>;
  },
  onProgress: (share: number) => Promise<void>,
): Promise<void> {
  const extent = await context.ask<TileBox | null>(extentOf(context.datasetId));
  if (extent === null || of.boundaries.length === 0) return;
  const frame = framed(extent);
  const domain: DomainPiece[] = [];
  for (const no of of.provisioning) {
    domain.push(...(await context.ask<readonly DomainPiece[]>(domainPieces(context.datasetId, no))));
  }
  const groups = new Map<string, string[]>();
  for (const { urn } of of.boundaries) {
    const group = serviceGroup(urn);
    const urns = groups.get(group) ?? [];
    if (!urns.includes(urn)) groups.set(group, [...urns, urn]);
  }
  const { skipped, layerCounts } = of;
  const civic = (['address_point', 'road_segment'] as const).filter(
    (table) => (layerCounts[civicLayers[table]] ?? 0) > 0,
  );
  const question = {
    context,
    groups,
    skipped,
    domain: domain.length > 0 ? domain : undefined,
    overlaps: of.overlaps,
    civic,
  };
  const found: Findings = {
    gaps: new Map([...groups.keys()].map((group) => [group, new PieceClusters(frame)])),
    outside: new Map(),
    outsideCivic: new Set(),
  };
  const tiles = await makeTiles(context, frame, of.boundaries);
  let done = 0;
  for (const group of inGroups(tiles, ({ parts }) => parts + 5, statementPartsMax)) {
    await lookAt(question, group, found);
    done += group.length;
    await onProgress(done / tiles.length);
  }
  await lookBeyond(question, frame, found);
  for (const [group, clusters] of found.gaps) await tellGaps(question, group, clusters);
  await tellOutside(context, found);
}

function framed([west, south, east, north]: TileBox): TileBox {
  const out = (value: number, direction: -1 | 1) =>
    (direction < 0 ? Math.floor : Math.ceil)((value + direction * frameDeg) * 1e6) / 1e6;
  return [out(west, -1), out(south, -1), out(east, 1), out(north, 1)];
}

async function makeTiles(
  context: CheckContext,
  frame: TileBox,
  boundaries: readonly CheckedBoundary[],
): Promise<readonly Tile[]> {
  const density = new Float64Array(gridCells * gridCells);
  for (const group of inGroups(boundaries, ({ corners }) => corners, 1_000_000)) {
    const from = group[0]?.no ?? 0;
    const to = group.at(-1)?.no ?? 0;
    const statement = partDensity({ datasetId: context.datasetId, box: frame, cells: gridCells, from, to });
    for (const [x, y, n] of await context.ask<readonly (readonly [number, number, number])[]>(statement)) {
      density[y * gridCells + x] = (density[y * gridCells + x] ?? 0) + n;
    }
  }
  const [west, south, east, north] = frame;
  // Edges of tiles lie on the grid of overlays, so that pieces on both sides of one meet exactly.
  const xAt = (cell: number) => Math.round((west + ((east - west) * cell) / gridCells) * 1e6) / 1e6;
  const yAt = (cell: number) => Math.round((south + ((north - south) * cell) / gridCells) * 1e6) / 1e6;
  const tiles: Tile[] = [];
  const split = (x: number, y: number, size: number): void => {
    let parts = 0;
    for (let row = y; row < y + size; row++) {
      for (let column = x; column < x + size; column++) parts += density[row * gridCells + column] ?? 0;
    }
    const half = size / 2;
    const box: TileBox = [xAt(x), yAt(y), xAt(x + size), yAt(y + size)];
    const isThin = xAt(x + half) <= box[0] || yAt(y + half) <= box[1];
    if (parts <= tilePartsMax || size === 1 || isThin) {
      tiles.push({ box, parts });
      return;
    }
    for (const [dx, dy] of [
      [0, 0],
      [half, 0],
      [0, half],
      [half, half],
    ] as const) {
      split(x + dx, y + dy, half);
    }
  };
  split(0, 0, gridCells);
  return tiles;
}

async function lookAt(question: Question, tiles: readonly Tile[], found: Findings): Promise<void> {
  const { context, domain } = question;
  const boxes = tiles.map(({ box }) => box);
  const near = domain?.filter((piece) => boxes.some((box) => doMeet(box, piece.box))) ?? [];
  const cover = await context.ask<{
    readonly covered: readonly TileCover[];
    readonly domain: readonly TileCover[];
  }>(
    coverOfTiles({
      datasetId: context.datasetId,
      boxes,
      domain: near.map(({ hex }) => hex),
      asOf: context.asOf,
      skipped: question.skipped,
    }),
  );
  for (const [no, { box }] of tiles.entries()) {
    const wanted = cover.domain.find((each) => each.no === no)?.deg2 ?? 0;
    const covered = new Map<string, number>();
    for (const each of cover.covered) {
      if (each.no === no) covered.set(each.urn ?? '', each.deg2);
    }
    await lookAtTile(question, { box, wantedDeg2: wanted, covered }, found);
  }
}

async function lookAtTile(
  question: Question,
  tile: { readonly box: TileBox; readonly wantedDeg2: number; readonly covered: ReadonlyMap<string, number> },
  found: Findings,
): Promise<void> {
  const { context, domain, groups, skipped } = question;
  const { box } = tile;
  const wholeDeg2 = (box[2] - box[0]) * (box[3] - box[1]);
  const isWhole = domain === undefined || Math.abs(tile.wantedDeg2 - wholeDeg2) <= wholeDeg2 * 1e-12;
  const wantedDeg2 = isWhole ? wholeDeg2 : tile.wantedDeg2;
  const hexes = isWhole ? undefined : piecesIn(question, box);
  const doubtDeg2 = doubtOf(context.minAreaM2, box);
  for (const [group, urns] of groups) {
    const coveredDeg2 = urns.reduce((sum, urn) => sum + (tile.covered.get(urn) ?? 0), 0);
    const hasOverlaps =
      urns.length > 1 || question.overlaps.some((each) => urns.includes(each.urn) && doMeet(each.box, box));
    if (wantedDeg2 === 0 || (Math.abs(wantedDeg2 - coveredDeg2) <= doubtDeg2 && !hasOverlaps)) continue;
    const clusters = found.gaps.get(group);
    if (isWhole && coveredDeg2 === 0) {
      clusters?.add(box, rectangle(box), sphereAreaM2(box));
      continue;
    }
    const statement = openInTile({
      datasetId: context.datasetId,
      box,
      urns,
      domain: hexes,
      asOf: context.asOf,
      skipped,
    });
    const pieces = await context.tryAsking<readonly TilePiece[]>(statement);
    if (pieces === undefined) await tellLost(context, box, `gaps of ${group}`);
    for (const piece of pieces ?? [])
      clusters?.add(box, piece.shape.coordinates as PiecePolygon, piece.areaM2);
  }
  if (isWhole) return;
  if (tile.covered.size > 0) await lookOutside(question, box, hexes ?? [], found);
  for (const table of question.civic) {
    const asked = { table, datasetId: context.datasetId, box, domain: hexes ?? [], limit: outsidePerTileMax };
    await tellOutsideCivic(question, table, civicOutside(asked), found);
  }
}

/** Roads and addresses outside of everything that was looked at in tiles. */
async function lookBeyond(question: Question, frame: TileBox, found: Findings): Promise<void> {
  if (question.domain === undefined) return;
  for (const table of question.civic) {
    const asked = { table, datasetId: question.context.datasetId, box: frame, limit: outsidePerTileMax };
    await tellOutsideCivic(question, table, civicBeyond(asked), found);
  }
}

async function tellOutsideCivic(
  { context }: Question,
  table: CivicTable,
  statement: Statement,
  { outsideCivic }: Findings,
): Promise<void> {
  for (const { id, place } of await context.ask<readonly OutsideFeature[]>(statement)) {
    // What lies on the edge of a tile is in two.
    const key = `${table} ${id}`;
    if (outsideCivic.has(key)) continue;
    outsideCivic.add(key);
    const reason = 'it lies outside of every provisioning boundary';
    await context.add({
      code: 'outsideProvisioning',
      layer: civicLayers[table],
      featureId: id,
      reason,
      place,
    });
  }
}

async function lookOutside(
  { context, skipped }: Question,
  box: TileBox,
  domain: readonly string[],
  found: Findings,
): Promise<void> {
  const statement = outsideInTile({ datasetId: context.datasetId, box, domain, skipped });
  const pieces = await context.tryAsking<readonly BoundaryPiece[]>(statement);
  if (pieces === undefined) await tellLost(context, box, 'ground outside of the provisioning boundary');
  for (const { no, id, areaM2, shape } of pieces ?? []) {
    const before = found.outside.get(no) ?? { id, areaM2: 0, shapes: [] };
    before.areaM2 += areaM2;
    before.shapes.push(shape.coordinates as PiecePolygon);
    found.outside.set(no, before);
  }
}

function piecesIn({ domain }: Question, box: TileBox): readonly string[] {
  return (domain ?? []).filter((piece) => doMeet(piece.box, box)).map(({ hex }) => hex);
}

function doMeet(a: TileBox, b: TileBox): boolean {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

function doubtOf(minAreaM2: number, box: TileBox): number {
  const lat = Math.max(Math.abs(box[1]), Math.abs(box[3]));
  const squareM = metresPerDegree ** 2 * Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  // Sums of areas are right to about this.
  const rounding = (box[2] - box[0]) * (box[3] - box[1]) * 1e-11;
  return Math.max((minAreaM2 * doubtShare) / squareM, rounding);
}

function rectangle([west, south, east, north]: TileBox): PiecePolygon {
  return [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ];
}

/** Of a rectangle, on the sphere of the Earth's mean radius. */
function sphereAreaM2([west, south, east, north]: TileBox): number {
  const radians = Math.PI / 180;
  return 6_371_009 ** 2 * (east - west) * radians * (Math.sin(north * radians) - Math.sin(south * radians));
}

async function tellLost(context: CheckContext, box: TileBox, what: string): Promise<void> {
  const place = JSON.stringify({ type: 'Polygon', coordinates: rectangle(box) });
  await context.add({
    code: 'notCompared',
    layer: 'serviceBoundary',
    reason: `${what} could not be computed`,
    place,
  });
}

async function tellGaps(question: Question, group: string, clusters: PieceClusters): Promise<void> {
  const { context, domain } = question;
  const urns = question.groups.get(group) ?? [];
  for (const cluster of clusters.all()) {
    // Without a provisioning boundary what reaches the frame is the world around.
    if (domain === undefined && cluster.isAtFrame) continue;
    if (cluster.areaM2 < context.minAreaM2) {
      context.count('gapSliver');
      continue;
    }
    const shapes = cluster.polygons.map((coordinates) => JSON.stringify({ type: 'Polygon', coordinates }));
    const joined = await context.tryAsking<{ readonly areaM2: number; readonly place: string }>(
      joinPieces(shapes),
    );
    const areaM2 = joined?.areaM2 ?? cluster.areaM2;
    const place = joined?.place ?? shapes[0] ?? null;
    const neighbours =
      place === null
        ? undefined
        : await context.tryAsking<readonly Neighbour[]>(
            neighboursOf({ datasetId: context.datasetId, urns, place, limit: neighboursMax }),
          );
    await tellGap(question, { group, urns, areaM2, place, neighbours: neighbours ?? [] });
  }
}

async function tellGap(
  { context, domain }: Question,
  gap: {
    readonly group: string;
    readonly urns: readonly string[];
    readonly areaM2: number;
    readonly place: string | null;
    readonly neighbours: readonly Neighbour[];
  },
): Promise<void> {
  const { areaM2, place, neighbours, group } = gap;
  const [first, second] = neighbours;
  const size = areaM2 >= errorAreaM2 ? 'gap' : 'smallGap';
  const code = domain === undefined ? 'enclosedGap' : isRequiredService(group) ? size : 'partialService';
  const beside =
    first === undefined
      ? ''
      : `, beside ${neighbours
          .slice(0, 3)
          .map(({ id }) => shown(id))
          .join(', ')}`;
  await context.add({
    code,
    layer: 'serviceBoundary',
    featureId: first?.id,
    otherId: second?.id,
    reason: `${areaText(areaM2)} are in no boundary of ${gap.urns.join(' or ')}${beside}`,
    areaM2,
    place,
  });
  if (code === 'partialService' || place === null) return;
  context.places.push({
    kind: 'gap',
    serviceUrn: gap.urns[0] ?? group,
    featureIds: neighbours.map(({ id }) => id),
    agencies: [...new Set(neighbours.flatMap(({ agency }) => agency ?? []))],
    areaM2,
    place,
  });
}

async function tellOutside(context: CheckContext, { outside }: Findings): Promise<void> {
  for (const { id, areaM2, shapes } of outside.values()) {
    if (areaM2 < context.minAreaM2) continue;
    const texts = shapes.map((coordinates) => JSON.stringify({ type: 'Polygon', coordinates }));
    const joined = await context.tryAsking<{ readonly place: string }>(joinPieces(texts));
    await context.add({
      code: 'outsideProvisioning',
      layer: 'serviceBoundary',
      featureId: id,
      reason: `${areaText(areaM2)} of it lie outside of every provisioning boundary`,
      areaM2,
      place: joined?.place ?? texts[0],
    });
  }
}

import { z } from 'zod';
import { assertNever } from '../../base/index.ts';
import type { Position, Shape } from '../../geo/index.ts';
import { replyComponent } from './registry.ts';

const positionSchema = z.strictObject({ lon: z.number(), lat: z.number(), altM: z.number().optional() });

/** A place with its uncertainty, in answers. */
export const shapeSchema = replyComponent(
  'Shape',
  z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('point'), position: positionSchema }),
      z.strictObject({ kind: z.literal('circle'), center: positionSchema, radiusM: z.number() }),
      z.strictObject({
        kind: z.literal('ellipse'),
        center: positionSchema,
        semiMajorM: z.number(),
        semiMinorM: z.number(),
        orientationDeg: z.number().describe('Of the major axis, clockwise from north'),
      }),
      z.strictObject({
        kind: z.literal('arcBand'),
        center: positionSchema,
        innerRadiusM: z.number(),
        outerRadiusM: z.number(),
        startAngleDeg: z.number().describe('Clockwise from north'),
        openingAngleDeg: z.number().describe('Clockwise from the start'),
      }),
      z.strictObject({
        kind: z.literal('polygon'),
        exterior: z.array(positionSchema).describe('The last position is the first'),
        interiors: z.array(z.array(positionSchema)),
      }),
      z.strictObject({ kind: z.literal('sphere'), center: positionSchema, radiusM: z.number() }),
      z.strictObject({
        kind: z.literal('ellipsoid'),
        center: positionSchema,
        semiMajorM: z.number(),
        semiMinorM: z.number(),
        verticalM: z.number(),
        orientationDeg: z.number(),
      }),
      z.strictObject({
        kind: z.literal('prism'),
        base: z.array(positionSchema).describe('The last position is the first'),
        heightM: z.number(),
      }),
    ])
    .describe('A place with its uncertainty (RFC 5491 §5); degrees and metres, WGS 84.'),
);

/** {@link Shape} as JSON. */
export type WireShape = z.infer<typeof shapeSchema>;

/** Writes a shape. */
export function shapeToWire(shape: Shape): WireShape {
  switch (shape.kind) {
    case 'point':
    case 'circle':
    case 'ellipse':
    case 'arcBand':
    case 'sphere':
    case 'ellipsoid':
      return shape;
    case 'polygon':
      return { kind: 'polygon', exterior: ring(shape.exterior), interiors: shape.interiors.map(ring) };
    case 'prism':
      return { kind: 'prism', base: ring(shape.base), heightM: shape.heightM };
    default:
      return assertNever(shape);
  }
}

function ring(positions: readonly Position[]): Position[] {
  return [...positions];
}

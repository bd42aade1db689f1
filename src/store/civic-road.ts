import type { Position } from '../geo/index.ts';

type Vertex = readonly [lon: number, lat: number];

/** How far beside the line of a road its addresses are taken to be, in metres. */
export const sideOffsetM = 10;

const metresPerDegree = 111_195;

/**
 * Where a house number is on a road: as far along as it is in its range, and to the side. Lines go from the first number
 * to the last, longitude before latitude; several count as one, in their order. Undefined where the lines have no length.
 */
export function placeOnRoad(
  lines: readonly (readonly Vertex[])[],
  of: {
    readonly number: number;
    readonly from: number;
    readonly to: number;
    readonly side: 'left' | 'right';
  },
): Position | undefined {
  const share = of.to === of.from ? 0.5 : (of.number - of.from) / (of.to - of.from);
  const steps = stepsOf(lines);
  const total = steps.reduce((sum, step) => sum + step.lengthM, 0);
  let leftM = Math.min(Math.max(share, 0), 1) * total;
  for (const [index, step] of steps.entries()) {
    if (leftM > step.lengthM && index < steps.length - 1) {
      leftM -= step.lengthM;
      continue;
    }
    return beside(step, Math.min(leftM, step.lengthM), of.side);
  }
  return undefined;
}

interface Step {
  readonly from: Vertex;
  readonly eastM: number;
  readonly northM: number;
  readonly lengthM: number;
  /** Metres of a degree of longitude there. */
  readonly lonM: number;
}

function stepsOf(lines: readonly (readonly Vertex[])[]): readonly Step[] {
  const steps: Step[] = [];
  for (const line of lines) {
    for (const [index, to] of line.entries()) {
      const from = line[index - 1];
      if (from === undefined) continue;
      const lonM = metresPerDegree * Math.max(Math.cos((from[1] * Math.PI) / 180), 1e-6);
      const eastM = (to[0] - from[0]) * lonM;
      const northM = (to[1] - from[1]) * metresPerDegree;
      const lengthM = Math.hypot(eastM, northM);
      if (lengthM > 0) steps.push({ from, eastM, northM, lengthM, lonM });
    }
  }
  return steps;
}

function beside(step: Step, alongM: number, side: 'left' | 'right'): Position {
  const { from, eastM, northM, lengthM, lonM } = step;
  const unit = { east: eastM / lengthM, north: northM / lengthM };
  const offset = side === 'left' ? sideOffsetM : -sideOffsetM;
  return {
    lon: from[0] + (unit.east * alongM - unit.north * offset) / lonM,
    lat: from[1] + (unit.north * alongM + unit.east * offset) / metresPerDegree,
  };
}

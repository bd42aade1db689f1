import { z } from 'zod';
import { type CheckReport, type Finding, findingCodes } from '../../esrp/index.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent } from './registry.ts';

const severitySchema = z.enum(['error', 'warning', 'info']);
const layerSchema = z.enum([
  'serviceBoundary',
  'provisioningBoundary',
  'adminArea',
  'roadCentreLine',
  'addressPoint',
]);

/** The newest check of a dataset. */
export const checkReportSchema = replyComponent(
  'CheckReport',
  z
    .strictObject({
      datasetId: z.int(),
      state: z.enum(['running', 'finished', 'failed']),
      startedAt: momentSchema,
      finishedAt: momentSchema.optional(),
      minAreaM2: z.number().describe('Gaps and overlaps below it are counted alone; square metres'),
      revision: z.int().describe('The change of the dataset that was checked'),
      detail: z.string().describe('The step that is under way, or the reason of a failure'),
      progress: z.number().describe('How much of it is done, 0 to 1'),
      counts: z.strictObject({ error: z.int(), warning: z.int(), info: z.int() }),
      countsByCode: z.record(z.string(), z.int()),
      isActivatable: z.boolean().describe('Whether it is finished and found no error'),
    })
    .describe('What a check of a dataset found in all.'),
);

/** {@link checkReportSchema}'s value. */
export type WireCheckReport = z.infer<typeof checkReportSchema>;

/** Writes a report. */
export function checkReportToWire(report: CheckReport): WireCheckReport {
  return {
    datasetId: report.datasetId,
    state: report.state,
    startedAt: momentToWire(report.startedAt),
    finishedAt: optionalMoment(report.finishedAt),
    minAreaM2: report.minAreaM2,
    revision: report.revision,
    detail: report.detail,
    progress: report.progress,
    counts: { ...report.counts },
    countsByCode: { ...report.countsByCode },
    isActivatable: report.state === 'finished' && report.counts.error === 0,
  };
}

const geometrySchema = z
  .looseObject({ type: z.string() })
  .describe('A GeoJSON geometry (RFC 7946): degrees, WGS 84, longitude first');

const findingFields = {
  no: z.int().describe('From 1, in order of severity, code, layer and id'),
  code: z.string(),
  severity: severitySchema,
  layer: layerSchema,
  featureId: z.string().optional(),
  otherId: z.string().optional().describe('The other feature of an overlap or a duplicate'),
  reason: z.string(),
  areaM2: z.number().optional().describe('Of a gap or an overlap; square metres on the spheroid'),
};

/** A page of findings. */
export const findingPageSchema = replyComponent(
  'FindingPage',
  z.strictObject({
    items: z.array(z.strictObject({ ...findingFields, place: geometrySchema.optional() })),
    next: z.int().optional().describe('Give this as `after` to read on; absent on the last page.'),
  }),
);

/** {@link findingPageSchema}'s value. */
export type WireFindingPage = z.infer<typeof findingPageSchema>;

/** Writes a finding. */
export function findingToWire(finding: Finding): WireFindingPage['items'][number] {
  const { no, code, severity, layer, featureId, otherId, reason, areaM2, place } = finding;
  return {
    no,
    code,
    severity,
    layer,
    featureId,
    otherId,
    reason,
    areaM2,
    place: place as { type: string } | undefined,
  };
}

/** Findings as a map shows them. */
export const findingFeaturesSchema = replyComponent(
  'FindingFeatures',
  z
    .strictObject({
      type: z.literal('FeatureCollection'),
      features: z.array(
        z.strictObject({
          type: z.literal('Feature'),
          id: z.int(),
          properties: z.strictObject(findingFields),
          geometry: geometrySchema.nullable(),
        }),
      ),
      next: z.int().optional().describe('Give this as `after` to read on; absent on the last page.'),
    })
    .describe('Findings as a GeoJSON feature collection (RFC 7946); the geometry is the place.'),
);

/** Writes findings as a feature collection. */
export function findingFeaturesToWire(
  findings: readonly Finding[],
  next: number | undefined,
): z.infer<typeof findingFeaturesSchema> {
  return {
    type: 'FeatureCollection',
    features: findings.map((finding) => {
      const { place, ...properties } = findingToWire(finding);
      return { type: 'Feature', id: finding.no, properties, geometry: place ?? null };
    }),
    ...(next === undefined ? {} : { next }),
  };
}

/** What findings mean. */
export const findingCodeListSchema = replyComponent(
  'FindingCodeList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        code: z.string(),
        severity: severitySchema,
        meaning: z.string(),
        advice: z.string(),
      }),
    ),
  }),
);

/** {@link findingCodeListSchema}'s value. */
export type WireFindingCodes = z.infer<typeof findingCodeListSchema>;

/** Writes the table of codes. */
export function findingCodesToWire(): WireFindingCodes {
  return { items: Object.entries(findingCodes).map(([code, row]) => ({ code, ...row })) };
}

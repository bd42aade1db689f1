import type { FindingSeverity } from './gis.ts';

// What checks of datasets may find: one table, for the checks themselves, for the answers and for the documentation.

/** What a finding of a code means, and what to do about it. */
export interface FindingCodeDefinition {
  readonly severity: FindingSeverity;
  readonly meaning: string;
  readonly advice: string;
}

/**
 * Every code of a finding. An `error` would send calls astray or lose a lookup, and keeps a dataset from being activated;
 * a `warning` wants to be looked at; an `info` is worth knowing. Sources: NENA-STA-006.3, NENA-STA-010.3 §4.3.4.
 */
export const findingCodes = {
  noPsapBoundary: {
    severity: 'error',
    meaning:
      'No boundary is of an emergency call service (urn:service:sos or one of its names), or none is in force.',
    advice: 'Load the PSAP boundaries, or take the layer over from an earlier dataset.',
  },
  geometryInvalid: {
    severity: 'error',
    meaning:
      'A geometry is not valid by the rules of OGC Simple Features, or is empty: lookups over it fail.',
    advice: 'Repair it in the source, or load with repair.',
  },
  uriMissing: {
    severity: 'error',
    meaning: 'A boundary has no ServiceURI.',
    advice:
      'Name the URI of the PSAP or agency; urn:emergency:servicenotimplemented says that there is no service.',
  },
  uriMalformed: {
    severity: 'error',
    meaning: 'The ServiceURI is no URI that a call can be sent to (sip or sips with a host).',
    advice: 'Write sip:user@host or sips:user@host.',
  },
  urnMissing: { severity: 'error', meaning: 'A boundary has no ServiceURN.', advice: 'Name the service.' },
  urnMalformed: {
    severity: 'error',
    meaning: 'The ServiceURN is no service URN by RFC 5031 §3.',
    advice: 'Write it as urn:service:sos or urn:emergency:service:sos.psap.',
  },
  dateOrder: {
    severity: 'error',
    meaning: 'Effective is not before Expire: the feature is never in force.',
    advice: 'Correct the dates.',
  },
  gap: {
    severity: 'error',
    meaning: 'Ground of 1 km² or more inside of the provisioning boundary is in no boundary of a service.',
    advice: 'Move the borders of the boundaries beside it together, or load the one that is missing.',
  },
  overlap: {
    severity: 'error',
    meaning:
      'Two boundaries of one service and one priority with different URIs both have ground of 1 km² or more.',
    advice: 'Agree on the border, or give the one that shall win a higher priority.',
  },
  smallGap: {
    severity: 'warning',
    meaning: 'As gap, below 1 km² and not below the threshold of the check.',
    advice:
      'Move the borders together; until then calls from there take the nearest boundary or the default route.',
  },
  smallOverlap: {
    severity: 'warning',
    meaning: 'As overlap, below 1 km² and not below the threshold of the check.',
    advice: 'Agree on the border; until then the lower id has calls from there.',
  },
  enclosedGap: {
    severity: 'warning',
    meaning:
      'Ground that boundaries of a service enclose is in none of them; no provisioning boundary says whether it should be.',
    advice: 'Load the provisioning boundary, or the boundary that is missing.',
  },
  partialService: {
    severity: 'warning',
    meaning:
      'Ground inside of the provisioning boundary is in no boundary of a service other than calls, police, fire or medical help.',
    advice: 'Nothing, where the service is not offered there; else load the boundary that is missing.',
  },
  overlapDecided: {
    severity: 'info',
    meaning:
      'Two boundaries of one service overlap, and their priorities or their common URI decide who has the calls.',
    advice: 'Nothing, where it is meant.',
  },
  duplicateGeometry: {
    severity: 'warning',
    meaning: 'Two boundaries of one service have the same geometry.',
    advice: 'Remove one of them.',
  },
  duplicateId: {
    severity: 'warning',
    meaning: 'Two features have one id but for letter case, or the same id in two layers.',
    advice: 'Give each feature an id of its own (NENA-STA-006.3, NGUID).',
  },
  outsideProvisioning: {
    severity: 'warning',
    meaning:
      'A feature lies outside of every provisioning boundary, or reaches out of them by more than the threshold.',
    advice: 'Cut it at the border, or have the neighbour provision it (NENA-STA-010.3 §4.3.4).',
  },
  urnUnregistered: {
    severity: 'warning',
    meaning: 'The ServiceURN is well formed, but no registry has it.',
    advice: 'Check its spelling; a URN that nobody asks for is never found.',
  },
  expired: {
    severity: 'warning',
    meaning: 'Expire lies in the past: the feature is not in force any more.',
    advice: 'Remove it, or correct the date.',
  },
  serviceNumberMalformed: {
    severity: 'warning',
    meaning: 'ServiceNum is no dial string of digits, * and #.',
    advice: 'Write the digits that are dialled, such as 911.',
  },
  cardUriMalformed: {
    severity: 'warning',
    meaning: 'AVcard_URI is no http or https URI.',
    advice: "Write the address of the agency's jCard.",
  },
  longEdge: {
    severity: 'warning',
    meaning:
      'An edge spans more than 0.2 degrees of longitude. Edges are straight in longitude and latitude, so the ground between its ends may be meant otherwise.',
    advice: 'Put vertices along the edge.',
  },
  roadRangeDirection: {
    severity: 'warning',
    meaning: 'The house numbers of a road segment fall along the line on one side and rise on the other.',
    advice: 'Turn the range of one side round.',
  },
  roadRangeParity: {
    severity: 'warning',
    meaning: 'House numbers of a range do not fit its parity, or a range has only one end.',
    advice: 'Correct FromAddr, ToAddr or Parity of that side.',
  },
  roadRangeOverlap: {
    severity: 'warning',
    meaning: 'Two segments of one street have house numbers in common.',
    advice: 'Correct the ranges: an address in both has no place of its own.',
  },
  addressOffRoad: {
    severity: 'warning',
    meaning: 'An address point is in no range of a road of its name.',
    advice: 'Correct the street name of the point, or the ranges of the road.',
  },
  areaNameUnknown: {
    severity: 'warning',
    meaning: 'A feature names an area that no polygon of that level has.',
    advice: 'Correct the spelling of the name, or load the area.',
  },
  notCompared: {
    severity: 'warning',
    meaning:
      'The database could not compute an overlay, so gaps or overlaps here may be missing in the report.',
    advice: 'Look at the place by hand.',
  },
  layerMissing: {
    severity: 'info',
    meaning: 'A layer or a service that NENA-STA-006.3 requires is not in the dataset.',
    advice: 'Nothing, where it is not needed here: civic addresses need roads and address points.',
  },
  fieldMissing: {
    severity: 'info',
    meaning: 'Features lack a field that NENA-STA-006.3 requires; one finding a field.',
    advice: 'Fill the field in the source.',
  },
  idForm: {
    severity: 'info',
    meaning: "Ids are not of NENA's form urn:emergency:uid:gis:LAYER:LOCAL:AGENCY; one finding a layer.",
    advice: 'Nothing, where data stays in one system.',
  },
  gapSliver: {
    severity: 'info',
    meaning: 'Gaps below the threshold; counted alone.',
    advice: 'Nothing: a point in one takes the boundary within a metre.',
  },
  overlapSliver: {
    severity: 'info',
    meaning: 'Overlaps below the threshold; counted alone.',
    advice: 'Nothing: the lower id has the calls.',
  },
} as const satisfies Readonly<Record<string, FindingCodeDefinition>>;

/** A code of {@link findingCodes}. */
export type FindingCode = keyof typeof findingCodes;

import type { WireCallRecord, WireLocated, WireRouteAnswer } from '../../http/index.ts';
import { type Colors, duration, fields, printable } from '../output.ts';
import { locationText } from './shape.ts';

/** The answer to a route query for people: the place to go first, then why. */
export function routeAnswerText(answer: WireRouteAnswer, colors: Colors): string {
  const [first] = answer.plan.targets;
  const isMapped = first?.reason === 'mapped';
  const name = printable(first?.displayName ?? '');
  const head = isMapped ? colors.green(colors.bold(name)) : colors.yellow(colors.bold(name));
  return [
    `${head}\n`,
    fields(
      [
        ['target', printable(first?.uri ?? '')],
        ['service', printable(answer.service)],
        ...mappingFields(answer.mapping),
        ...locatedFields(answer.located),
      ],
      colors,
    ),
    planText(answer.plan, colors),
    `${stagesText(answer.stages, colors)}, ${duration(answer.totalMs)} in all\n`,
  ].join('');
}

/** What mapping came to, as rows. */
export function mappingFields(mapping: WireRouteAnswer['mapping']): readonly [string, string | undefined][] {
  const others = mapping.others.map(({ displayName, boundaryId, share }) => {
    const part = share === undefined ? '' : `, ${(share * 100).toFixed(1)} %`;
    return `${displayName} (${boundaryId}${part})`;
  });
  const common: [string, string | undefined] = [
    mapping.kind === 'mapped' ? 'others' : 'candidates',
    printable(others.join(', ')),
  ];
  if (mapping.kind === 'unmapped') {
    return [
      ['by', printable(`no boundary (${mapping.reason}): ${mapping.detail}`)],
      ...civicFields(mapping.civic),
      common,
    ];
  }
  const { boundary } = mapping;
  const ofDataset = boundary.datasetId === undefined ? '' : `, dataset ${boundary.datasetId}`;
  return [
    ['boundary', printable(`${boundary.boundaryId} ${boundary.displayName}${ofDataset}`)],
    ['by', printable(`${mapping.rule}: ${mapping.detail}`)],
    ...civicFields(mapping.civic),
    ['instead of', mapping.substitutedFrom === undefined ? undefined : printable(mapping.substitutedFrom)],
    common,
  ];
}

function civicFields(civic: WireRouteAnswer['mapping']['civic']): readonly [string, string][] {
  if (civic === undefined) return [];
  const row = civic.featureId === undefined ? '' : ` ${civic.featureId}`;
  return [
    ['address', printable(`${civic.layer}${row}, score ${civic.score}`)],
    ...civic.steps.map((step): [string, string] => ['', printable(step)]),
  ];
}

/** What locating came to, as rows: where the caller is, each candidate, what else came, then the warnings. */
export function locatedFields(located: WireRouteAnswer['located']): readonly [string, string][] {
  const { location, alternatives, candidates, additionalData, warnings } = located;
  return [
    ...(location === undefined ? [] : [['location', printable(locationText(location))] as [string, string]]),
    ...alternatives.map((each): [string, string] => ['or', printable(locationText(each))]),
    ...candidates.map((candidate): [string, string] => ['candidate', printable(candidateText(candidate))]),
    ...additionalData.map((item): [string, string] => ['brought', printable(additionalDataText(item))]),
    ...warningFields(warnings),
  ];
}

function candidateText({ outcome, origin, reason, durationMs }: WireLocated['candidates'][number]): string {
  const time = durationMs === undefined ? '' : ` (${duration(durationMs)})`;
  return `${outcome}: ${origin}; ${reason}${time}`;
}

function additionalDataText(item: WireLocated['additionalData'][number]): string {
  const what =
    item.form === 'reference' ? `by reference${item.uri === undefined ? '' : ` ${item.uri}`}` : 'by value';
  const size = item.sizeBytes === undefined ? '' : `, ${item.sizeBytes.toLocaleString('en')} bytes`;
  const type = item.contentType === undefined ? '' : `, ${item.contentType}`;
  return `${item.block} ${what} (${item.origin}${type}${size})`;
}

/** Warnings as rows. */
export function warningFields(warnings: WireCallRecord['warnings']): readonly [string, string][] {
  return warnings.map(({ code, message }) => ['warning', printable(`${message} (${code})`)]);
}

/** The targets of a plan and how they came about. */
export function planText(plan: WireRouteAnswer['plan'], colors: Colors): string {
  const targets = plan.targets.map(
    ({ uri, reason, displayName, ringTimeoutMs }, at) =>
      `  ${at + 1}. ${printable(uri)}  ${colors.dim(`${reason}, ${printable(displayName)}, rings ${duration(ringTimeoutMs)}`)}\n`,
  );
  const trace = plan.trace.map((line) => `     ${colors.dim(printable(line))}\n`);
  return [`${colors.bold('Plan')}\n`, ...targets, ...trace].join('');
}

/** The stages with their times, in one line. */
export function stagesText(stages: WireRouteAnswer['stages'], colors: Colors): string {
  const parts = stages.map(({ stage, durationMs, error }) => {
    const text = `${stage} ${duration(durationMs)}`;
    return error === undefined ? text : colors.red(`${text} (${printable(error)})`);
  });
  return `${colors.bold('Stages')} ${parts.join(', ')}`;
}

import type { WireCallRecord } from '../../http/index.ts';
import { type Colors, fields, printable } from '../output.ts';
import { locatedFields, mappingFields, planText, stagesText, warningFields } from './route-answer.ts';

/** The colour of a call's state. */
export function paintState(state: string, text: string, colors: Colors): string {
  if (state === 'answered' || state === 'ended') return colors.green(text);
  if (state === 'failed') return colors.red(text);
  return colors.yellow(text);
}

/** One call's record for people: what came, what each stage decided and why, each attempt, the end. */
export function callRecordText(record: WireCallRecord, colors: Colors): string {
  const { recognition } = record;
  const recognised =
    recognition.kind === 'emergency'
      ? `${recognition.service}${recognition.isTest ? ' (test call)' : ''} by ${recognition.rule}: ${recognition.matched}`
      : 'no emergency call';
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['received', record.receivedAt],
    ['from', record.from],
    ['to', record.to],
    ['request', `${record.method} ${record.requestUri}`],
    ['Call-ID', record.sipCallId],
    ['ingress', record.ingress],
    ['call id', record.emergencyCallId],
    ['incident id', record.incidentId],
    ['recognised', recognised],
  ];
  return [
    `${colors.bold(`Call ${printable(record.id)}`)} ${paintState(record.state, record.state, colors)}\n`,
    fields(
      [
        ...rows.map(([name, text]) => [name, text === undefined ? undefined : printable(text)] as const),
        ...(record.located === undefined ? [] : locatedFields(record.located)),
        ['kept until', record.locationKeptUntil],
        ...(record.mapping === undefined ? [] : mappingFields(record.mapping)),
        ...warningFields(record.warnings),
      ],
      colors,
    ),
    record.plan === undefined ? '' : planText(record.plan, colors),
    updatesText(record, colors),
    attemptsText(record, colors),
    record.stages.length === 0 ? '' : `${stagesText(record.stages, colors)}\n`,
    outcomeText(record, colors),
  ].join('');
}

function updatesText({ locationUpdates, receivedAt }: WireCallRecord, colors: Colors): string {
  return locationUpdates
    .map(({ at, method, located, mapping, outcome }) => {
      const head = `${colors.bold('New location')} by ${printable(method)} after ${since(receivedAt, at)}, ${outcome}\n`;
      const rows = [...locatedFields(located), ...(mapping === undefined ? [] : mappingFields(mapping))];
      return head + fields(rows, colors);
    })
    .join('');
}

function attemptsText({ attempts, receivedAt }: WireCallRecord, colors: Colors): string {
  if (attempts.length === 0) return '';
  const lines = attempts.map((attempt) => {
    const hop = attempt.nextHop === undefined ? '' : ` via ${printable(attempt.nextHop)}`;
    const detail = attempt.detail === undefined ? '' : `, ${printable(attempt.detail)}`;
    const end = attempt.endedAt === undefined ? 'open' : `until ${since(receivedAt, attempt.endedAt)}`;
    const times = `from ${since(receivedAt, attempt.startedAt)}, ${end}`;
    return `  ${paintStatus(attempt.statusCode, colors)} ${printable(attempt.target)}${hop}, ${times}${detail}\n`;
  });
  return [`${colors.bold('Attempts')}\n`, ...lines].join('');
}

function outcomeText(record: WireCallRecord, colors: Colors): string {
  const parts = [
    record.answeredAt === undefined ? undefined : `answered ${since(record.receivedAt, record.answeredAt)}`,
    record.endedAt === undefined ? undefined : `ended ${since(record.receivedAt, record.endedAt)}`,
  ].filter((part) => part !== undefined);
  const times = parts.length === 0 ? '' : `, ${parts.join(', ')} after it came in`;
  return `${colors.bold('Outcome')} ${paintStatus(record.statusCode, colors)}${times}\n`;
}

function paintStatus(statusCode: number | undefined, colors: Colors): string {
  if (statusCode === undefined) return colors.yellow('---');
  return statusCode < 300 ? colors.green(String(statusCode)) : colors.red(String(statusCode));
}

function since(start: string, end: string): string {
  return `${((Date.parse(end) - Date.parse(start)) / 1_000).toFixed(3)} s`;
}

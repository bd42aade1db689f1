import type { CallOutcome, LadderEntry } from '../../net/index.ts';
import { type Colors, duration, printable } from '../output.ts';

/** One message of a call as a line: when, which way, what, how large. */
export function ladderLine(entry: LadderEntry, colors: Colors): string {
  const text = printable(Buffer.from(entry.startLine, 'latin1').toString('utf8'));
  const arrow = entry.direction === 'out' ? '-->' : '<--';
  const { address, port } = entry.peer;
  const peer = colors.dim(`${entry.sizeBytes} bytes, ${entry.transport} ${address} port ${port}`);
  return `${`${entry.atMs.toFixed(1)} ms`.padStart(12)}  ${arrow}  ${paint(text, colors)}  ${peer}\n`;
}

function paint(startLine: string, colors: Colors): string {
  const status = /^SIP\/2\.0 (\d)\d\d /.exec(startLine)?.[1];
  if (status === undefined) return colors.bold(startLine);
  if (status === '1') return colors.cyan(startLine);
  return status === '2' ? colors.green(startLine) : colors.red(startLine);
}

const endings: Readonly<Record<CallOutcome['end']['reason'], string>> = {
  hungUpByUs: 'we hung up',
  hungUpByPeer: 'the other side hung up',
  cancelled: 'given up',
  refused: 'refused',
  timedOut: 'no final response came',
  unreachable: 'nobody is there',
  notAcknowledged: 'the answer was not acknowledged',
};

/** How a call went, in two lines: the end, then the moments. */
export function outcomeText(outcome: CallOutcome, colors: Colors): string {
  const { end, isAnswered, tryingMs, ringingMs, answeredMs, endedMs } = outcome;
  const status = end.statusCode === undefined || isAnswered ? '' : ` (${end.statusCode})`;
  const detail = isAnswered || end.detail === '' ? '' : `: ${printable(end.detail)}`;
  const head = isAnswered ? colors.green('answered') : colors.red('not answered');
  const moments: readonly (readonly [string, number | undefined])[] = [
    ['first response', tryingMs],
    ['ringing', ringingMs],
    ['answer', answeredMs],
    ['end', endedMs],
  ];
  const times = moments.flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${duration(ms)}`]));
  return `\n${colors.bold(head)}, ${endings[end.reason]}${status}${detail}\n  ${times.join(', ')}\n`;
}

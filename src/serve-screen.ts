import pc from 'picocolors';
import type { ServerDescription } from './server.ts';

/** What a start prints: what listens where, the key where it is new, and three commands to try. */
export function startScreen(server: ServerDescription): string {
  const rows: [string, string][] = [
    ['SIP', server.sip.join('  ')],
    ['HTTP', server.http.map((address) => `http://${address}/api/v1`).join('  ')],
  ];
  if (server.psap !== undefined) rows.push(['PSAP', `demo PSAP at ${server.psap}`]);
  rows.push(['Data', server.data]);
  rows.push(['Default', `calls that nothing else routes go to ${server.defaultRoute}`]);
  if (server.apiKey !== undefined) {
    rows.push(['Key', `${pc.bold(server.apiKey)} (shown this once, kept in ${server.apiKeyFile})`]);
  }
  rows.push(['Log', server.log]);
  const lines = rows
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `  ${pc.cyan(name.padEnd(8))}${text}`);
  const url = server.http[0] === undefined ? '' : `http://${server.http[0]}`;
  return [
    '',
    `${pc.bold('Firstline')} ${server.version}, ready in ${(server.startMs / 1_000).toFixed(1)} s`,
    '',
    ...lines,
    '',
    '  Try, in another terminal:',
    '    npx firstline call --lat 29.76 --lon -95.37',
    '    npx firstline route 29.76 -95.37',
    `    curl -H "Authorization: Bearer $(cat ${server.apiKeyFile})" "${url}/api/v1/calls"`,
    '',
    '',
  ].join('\n');
}

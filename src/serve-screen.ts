import pc from 'picocolors';
import type { ServerDescription } from './server.ts';

const defaultUrl = 'http://127.0.0.1:8080';
const defaultSip = '127.0.0.1:5060';

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
  const urlOption = url === defaultUrl ? '' : ` --url ${url}`;
  const sip = server.sip[0]?.replace(/^\S+ /, '') ?? '';
  const serverOption = sip === defaultSip ? '' : ` --server ${sip}`;
  return [
    '',
    `${pc.bold('Firstline')} ${server.version}, ready in ${(server.startMs / 1_000).toFixed(1)} s`,
    '',
    ...lines,
    '',
    '  Try, in another terminal:',
    `    npx firstline call --lat 29.76 --lon -95.37${serverOption}`,
    `    npx firstline${urlOption} route 29.76 -95.37`,
    `    curl -H "Authorization: Bearer $(cat ${server.apiKeyFile})" "${url}/api/v1/calls"`,
    '',
    '',
  ].join('\n');
}

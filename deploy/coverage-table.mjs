#!/usr/bin/env node
// Rewrites the coverage table of README.md from the names of the conformance tests: every title below test/ that names a
// section, such as `RFC 3261 §16.7 item 5: ...`. `--check` writes nothing and fails where the two differ.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(root, 'README.md');
const begin = '<!-- coverage:begin -->';
const end = '<!-- coverage:end -->';

/** What each document is about, for readers who do not know its number. */
const subjects = {
  2017: 'URLs in external bodies',
  2045: 'MIME',
  2046: 'multipart bodies',
  2181: 'DNS clarified',
  2308: 'negative DNS caching',
  2392: 'cid URIs',
  2782: 'DNS SRV',
  3261: 'SIP',
  3262: 'reliable provisional responses',
  3263: 'locating SIP servers',
  3264: 'offer and answer',
  3311: 'UPDATE',
  3312: 'preconditions',
  3323: 'privacy',
  3325: 'asserted identity',
  3326: 'Reason',
  3327: 'Path',
  3329: 'security agreement',
  3428: 'MESSAGE',
  3515: 'REFER',
  3581: 'rport',
  3608: 'Service-Route',
  3841: 'caller preferences',
  3856: 'presence',
  3891: 'Replaces',
  3892: 'Referred-By',
  3903: 'PUBLISH',
  3911: 'Join',
  3966: 'tel URIs',
  4028: 'session timers',
  4119: 'PIDF-LO',
  4320: 'non-INVITE transactions',
  4412: 'Resource-Priority',
  4474: 'Identity, as it was',
  4475: 'torture messages',
  4483: 'content indirection',
  4488: 'REFER without subscription',
  4538: 'Target-Dialog',
  4661: 'event filters',
  5031: 'service URNs',
  5118: 'torture messages for IPv6',
  5139: 'civic addresses',
  5373: 'answering modes',
  5389: 'STUN',
  5393: 'loops and Max-Breadth',
  5452: 'resilient DNS',
  5491: 'PIDF-LO shapes',
  5621: 'message bodies',
  5626: 'flows and keepalives',
  5630: 'sips URIs',
  5658: 'double Record-Route',
  5769: 'STUN vectors',
  5806: 'Diversion',
  5808: 'location by reference',
  5839: 'conditional events',
  5870: 'geo URIs',
  5922: 'domain certificates',
  5923: 'connection reuse',
  5985: 'HELD',
  6026: '2xx to INVITE',
  6066: 'TLS extensions',
  6086: 'INFO packages',
  6141: 're-INVITE and target refresh',
  6155: 'identity in HELD',
  6280: 'location privacy',
  6442: 'location conveyance',
  6447: 'location filters',
  6455: 'WebSocket protocol',
  6665: 'events',
  6753: 'HELD dereference',
  6761: 'special names',
  6809: 'Feature-Caps',
  6848: 'civic extensions',
  6881: 'emergency calling practice',
  6891: 'EDNS',
  7044: 'History-Info',
  7118: 'WebSocket',
  7135: 'esnet priorities',
  7315: 'P- headers',
  7433: 'User-to-User',
  7459: 'uncertainty and confidence',
  7766: 'DNS over TCP',
  7852: 'additional data',
  7984: 'dual-stack clients',
  7989: 'Session-ID',
  8141: 'URNs',
  8147: 'eCall',
  8148: 'vehicle data',
  8224: 'Identity',
  8262: 'Content-ID',
  8305: 'Happy Eyeballs',
  8489: 'STUN',
  8496: 'P-Charge-Info',
  8767: 'stale DNS answers',
  8787: 'loc-src',
  8876: 'alerts',
};

const coverage = readCoverage();
if (coverage.size === 0) fail('no test names a section: the search found nothing');
const block = [
  begin,
  '| document | sections with a test of their name | tests |',
  '| --- | --- | --- |',
  ...rows(),
  end,
].join('\n');
const text = readFileSync(document, 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from === -1 || to < from) fail(`README.md has no block between ${begin} and ${end}`);
const wanted = text.slice(0, from) + block + text.slice(to + end.length);
if (wanted !== text) {
  if (process.argv.includes('--check'))
    fail('the coverage table of README.md is not current: run node deploy/coverage-table.mjs');
  writeFileSync(document, wanted);
}

function rows() {
  return [...coverage.entries()]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([number, { sections, files }]) => {
      const subject = subjects[number];
      const name = subject === undefined ? `RFC ${number}` : `RFC ${number} ${subject}`;
      const listed = [...sections].sort(bySection).map((section) => `§${section}`);
      const paths = [...files].sort().map((file) => `\`${file}\``);
      return `| ${name} | ${listed.join(', ')} | ${paths.join(', ')} |`;
    });
}

function readCoverage() {
  const found = new Map();
  for (const file of testFiles(join(root, 'test'))) {
    const name = relative(join(root, 'test'), file).split(sep).join('/');
    for (const title of titles(readFileSync(file, 'utf8'))) {
      for (const [, number, list] of title.matchAll(
        /RFC (\d{3,5}) (§\d[\d.]*(?:(?:,| and|, and| to) §\d[\d.]*)*)/g,
      )) {
        const entry = found.get(number) ?? { sections: new Set(), files: new Set() };
        for (const [, section] of list.matchAll(/§(\d+(?:\.\d+)*)/g)) entry.sections.add(section);
        entry.files.add(name);
        found.set(number, entry);
      }
    }
  }
  return found;
}

/** Every text that can be a title: it stands behind describe, it or test, or first in a row of a table of tests. */
function titles(source) {
  const code = source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  const calls = code.matchAll(/\b(?:describe|it|test)(?:\.\w+)*\s*\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g);
  const rowNames = code.matchAll(/^\s*(?:\[|name: )\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/gm);
  return [...calls, ...rowNames, ...code.matchAll(/\)\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1\s*,/g)].map(
    ([, , title]) => title,
  );
}

function* testFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.ts')) yield path;
  }
}

function bySection(a, b) {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function fail(message) {
  console.error(`coverage-table: ${message}`);
  process.exit(1);
}

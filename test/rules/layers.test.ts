import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composition, ownedPackages, pureNodeModules, rooms } from './layers.ts';
import {
  computedImports,
  functionsOf,
  type ImportSite,
  importsOf,
  lineAt,
  readSources,
  type SourceFile,
  sourceFile,
} from './source.ts';

// The rules of the house, held over the text of every source file. Each rule is a function from files to complaints,
// tried below on small files that break it.

const sources = readSources('src');
const dataScripts = readSources('data');
const filesMin = 60;
const fileLinesMax = 500;
const functionLinesMax = 70;

type Rule = (files: readonly SourceFile[]) => readonly string[];

/** The room of a path below `src/`: `sip` for `src/sip/uri/parse.ts`; undefined for `src/main.ts` and for `data/`. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

/** The folder whose `index.ts` is the only way in: the room, or in `sip` the subfolder. */
function folderOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'src') return parts[0] ?? '';
  if (parts[1] === 'sip' && parts.length > 3) return `src/sip/${parts[2]}`;
  return parts.length > 2 ? `src/${parts[1]}` : 'src';
}

function isComposition(path: string): boolean {
  const room = roomOf(path);
  return path.startsWith('src/') && (room === undefined || composition.includes(room));
}

function targetOf(file: SourceFile, site: ImportSite): string | undefined {
  return site.specifier.startsWith('.')
    ? posix.normalize(posix.join(posix.dirname(file.path), site.specifier))
    : undefined;
}

function complain(
  files: readonly SourceFile[],
  judge: (file: SourceFile, site: ImportSite, target: string | undefined) => string | undefined,
): readonly string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap((site) => {
      const complaint = judge(file, site, targetOf(file, site));
      return complaint === undefined ? [] : [`${file.path}:${site.line}: ${complaint}`];
    }),
  );
}

const unknownRooms: Rule = (files) =>
  files.flatMap((file) => {
    const room = roomOf(file.path);
    return room === undefined || room in rooms || composition.includes(room)
      ? []
      : [`${file.path}: there is no room named ${room}`];
  });

const upwardImports: Rule = (files) =>
  complain(files, (file, _site, target) => {
    const own = roomOf(file.path);
    if (target === undefined || own === undefined || isComposition(file.path)) return undefined;
    const other = roomOf(target);
    if (other === own || (other !== undefined && rooms[own]?.rooms.includes(other))) return undefined;
    return `${own} may not import ${other ?? target}`;
  });

const dataImports: Rule = (files) =>
  complain(files, (file, _site, target) =>
    target?.startsWith('data/') && file.path.startsWith('src/') && !isComposition(file.path)
      ? 'only the composition imports data/'
      : undefined,
  );

const sideDoors: Rule = (files) =>
  complain(files, (file, _site, target) => {
    if (target === undefined || folderOf(file.path) === folderOf(target)) return undefined;
    if (folderOf(target) === 'src' || folderOf(target) === 'data') return undefined;
    // Inside sip the subfolders are folders of their own; from outside there is one door, src/sip/index.ts.
    const door = roomOf(file.path) === roomOf(target) ? folderOf(target) : `src/${roomOf(target)}`;
    return target === `${door}/index.ts` ? undefined : `${target} is imported past ${door}/index.ts`;
  });

const foreignPackages: Rule = (files) =>
  complain(files, (file, site) => {
    if (site.specifier.startsWith('.') || site.specifier.startsWith('node:')) return undefined;
    const name = site.specifier
      .split('/')
      .slice(0, site.specifier.startsWith('@') ? 2 : 1)
      .join('/');
    const room = roomOf(file.path) ?? 'server.ts';
    const owners = ownedPackages[name];
    if (owners !== undefined && !owners.includes(room)) return `${name} belongs to ${owners.join(', ')}`;
    if (isComposition(file.path) || !file.path.startsWith('src/')) return undefined;
    return rooms[room]?.packages.includes(name) ? undefined : `${room} may not import ${name}`;
  });

const impureModules: Rule = (files) =>
  complain(files.filter(isPureFile), (_file, site) =>
    site.specifier.startsWith('node:') && !pureNodeModules.includes(site.specifier)
      ? `${site.specifier} does not belong in a pure room`
      : undefined,
  );

const impureExpressions: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b/, 'reads the clock'],
  [/\bnew Date\(\s*\)/, 'reads the clock'],
  [/\bperformance\.\w/, 'reads the clock'],
  [/\bMath\.random\b/, 'draws a random number'],
  [/\bcrypto\.\w/, 'draws a random number'],
  [/\brandom(?:Bytes|UUID|Int|Fill|FillSync)\b/, 'draws a random number'],
  [/\bprocess\.\w/, 'reads the process'],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'starts a timer'],
  [/\bfetch\s*\(/, 'does input or output'],
  [/\bconsole\.\w/, 'does input or output'],
];

const impureCode: Rule = (files) => matches(files.filter(isPureFile), impureExpressions);

const bannedExpressions: readonly (readonly [RegExp, string])[] = [
  [/\bexport\s*\*/, 'star export'],
  [/\bexport\s+default\b/, 'default export'],
  [/(?:[:<,|&]|=>|\bas|\bextends|^type\b[^=]*=)\s*any\b(?!\s*[:(.?])/m, 'any'],
];

const bannedCode: Rule = (files) => matches(files, bannedExpressions);

const unfinished: Rule = (files) =>
  files.flatMap((file) =>
    [...file.text.matchAll(/\b(?:TO[D]O|FIXM[E])\b/g)].map(
      (match) => `${file.path}:${lineAt(file.text, match.index)}: ${match[0]}`,
    ),
  );

const longFiles: Rule = (files) =>
  files.flatMap((file) => {
    const count = file.text.trimEnd().split('\n').length;
    return count > fileLinesMax ? [`${file.path}: ${count} lines`] : [];
  });

const longFunctions: Rule = (files) =>
  files.flatMap((file) =>
    functionsOf(file)
      .filter((span) => span.lineCount > functionLinesMax)
      .map((span) => `${file.path}:${span.line}: a function of ${span.lineCount} lines`),
  );

const hiddenImports: Rule = (files) =>
  files.flatMap((file) => computedImports(file).map((line) => `${file.path}:${line}: computed import`));

const cycles: Rule = (files) => {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap((site) => {
        // Types may know each other: a branch and its context, say. What runs may not.
        const target = site.isTypeOnly ? undefined : targetOf(file, site);
        return target === undefined ? [] : [target];
      }),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      found.push([...trail.slice(at), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
};

function isPureFile(file: SourceFile): boolean {
  const room = roomOf(file.path);
  return room !== undefined && rooms[room]?.isPure === true;
}

function matches(
  files: readonly SourceFile[],
  expressions: readonly (readonly [RegExp, string])[],
): readonly string[] {
  return files.flatMap((file) =>
    expressions.flatMap(([expression, what]) =>
      [...file.code.matchAll(new RegExp(expression.source, 'gm'))].map(
        (match) => `${file.path}:${lineAt(file.text, match.index)}: ${what}`,
      ),
    ),
  );
}

const rules: readonly (readonly [name: string, rule: Rule, breakers: readonly SourceFile[]])[] = [
  ['every folder is a room of the house', unknownRooms, [sourceFile('src/shed/a.ts', '')]],
  [
    'a room imports only the rooms below it',
    upwardImports,
    [sourceFile('src/geo/a.ts', `import { a } from '../sip/index.ts';`)],
  ],
  [
    'only the composition imports data/',
    dataImports,
    [sourceFile('src/store/a.ts', `const a = await import('../../data/a.ts');`)],
  ],
  [
    'a folder is entered through its index.ts',
    sideDoors,
    [
      sourceFile('src/esrp/a.ts', `export type { A } from '../sip/types.ts';`),
      sourceFile('src/esrp/b.ts', `import { a } from '../sip/uri/index.ts';`),
      sourceFile('src/sip/uri/a.ts', `import { a } from '../message/parse.ts';`),
      sourceFile('src/main.ts', `import { a } from './net/udp.ts';`),
    ],
  ],
  [
    'a package stays in its room',
    foreignPackages,
    [
      sourceFile('src/geo/a.ts', `import { Client } from 'pg';`),
      sourceFile('src/server.ts', `import { z } from 'zod/v4';`),
      sourceFile('src/net/a.ts', `import x from '@some/thing';`),
    ],
  ],
  [
    'pure rooms import no module of Node.js that does input or output',
    impureModules,
    [sourceFile('src/sip/a.ts', `import { readFile } from 'node:fs/promises';`)],
  ],
  [
    'pure rooms read no clock, no chance, no environment',
    impureCode,
    [
      sourceFile('src/esrp/a.ts', 'const a = Date.now();'),
      sourceFile('src/esrp/b.ts', 'const a = new Date();'),
      sourceFile('src/esrp/c.ts', 'const a = Math.random();'),
      sourceFile('src/esrp/d.ts', 'const a = process.env.A;'),
      sourceFile('src/esrp/e.ts', 'setTimeout(a, 1);'),
      sourceFile('src/esrp/f.ts', 'const a = randomBytes(8);'),
    ],
  ],
  [
    'no star export, no default export, no any',
    bannedCode,
    [
      sourceFile('src/net/a.ts', `export * from './b.ts';`),
      sourceFile('src/net/b.ts', 'export default a;'),
      sourceFile('src/net/c.ts', 'function a(b: any) {}'),
      sourceFile('src/net/d.ts', 'const a = b as any;'),
      sourceFile('src/net/e.ts', 'const a = new Map<string, any>();'),
    ],
  ],
  ['nothing is left unfinished', unfinished, [sourceFile('src/net/a.ts', `// ${'TO'}DO: later`)]],
  [`a file has at most ${fileLinesMax} lines`, longFiles, [sourceFile('src/net/a.ts', 'a;\n'.repeat(501))]],
  [
    `a function has at most ${functionLinesMax} lines`,
    longFunctions,
    [sourceFile('src/net/a.ts', `function a() {\n${'b();\n'.repeat(70)}}\n`)],
  ],
  ['every import names its target', hiddenImports, [sourceFile('src/net/a.ts', 'await import(name);')]],
  [
    'no files import each other in a circle',
    cycles,
    [
      sourceFile('src/net/a.ts', `import { b } from './b.ts';`),
      sourceFile('src/net/b.ts', `import { type A, a } from './a.ts';`),
    ],
  ],
];

describe('the rules of the house', () => {
  it(`looked at no fewer than ${filesMin} files`, () => {
    expect(sources.length).toBeGreaterThanOrEqual(filesMin);
  });

  it.each(rules)('%s', (_name, rule) => {
    expect(rule([...sources, ...dataScripts])).toEqual([]);
  });
});

describe('each rule sees what breaks it', () => {
  it.each(rules)('%s', (_name, rule, breakers) => {
    if (rule === cycles) expect(rule(breakers)).toHaveLength(1);
    else for (const breaker of breakers) expect(rule([breaker]), breaker.text.slice(0, 80)).toHaveLength(1);
  });
});

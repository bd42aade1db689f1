import { describe, expect, it } from 'vitest';
import { computedImports, functionsOf, importsOf, sourceFile } from './source.ts';

// The reader that the rules rest on: what it takes for code, for an import, and for a function.

describe('type imports', () => {
  it.each([
    ["import type { A } from './a.ts';", true],
    ["import { type A, type B } from './a.ts';", true],
    ["export type { A } from './a.ts';", true],
    ["import { type A, b } from './a.ts';", false],
    ["import { b } from './a.ts';", false],
    ["import a from './a.ts';", false],
    ["import a, { type B } from './a.ts';", false],
    ["import * as a from './a.ts';", false],
    ["import './a.ts';", false],
    ["await import('./a.ts');", false],
  ])('%s', (text, isTypeOnly) => {
    expect(importsOf(sourceFile('x.ts', text)).map((site) => site.isTypeOnly)).toEqual([isTypeOnly]);
  });
});

describe('blanking what is not code', () => {
  const rows: readonly (readonly [name: string, text: string, code: string])[] = [
    ['a line comment', 'a; // b(c)\nd', 'a;        \nd'],
    ['a block comment over lines', 'a /* x\ny */ b', 'a     \n     b'],
    ['quotes in strings', `a("it's", 'a "b"')`, `a("    ", '     ')`],
    ['an escaped quote', `a('\\'x') + b`, `a('   ') + b`],
    ['a comment sign in a string', `u('sip://x') // y`, `u('       ')     `],
    ['a template', '`a $'.concat('{b({ c: `d` })} e` + f'), '`   {b({ c: ` ` })}  ` + f'],
    [
      'a regular expression with a quote',
      `x.replace(/['"/]/g, y)`,
      `x.replace(/      /g, y)`.replace('      /', '     /'),
    ],
    ['a division', 'a / b / c', 'a / b / c'],
    ['a division after a bracket', '(a) / b', '(a) / b'],
  ];
  it.each(rows)('%s', (_name, text, code) => {
    expect(sourceFile('x.ts', text).code).toBe(code);
  });
});

describe('reading imports', () => {
  const rows: readonly (readonly [name: string, text: string, specifiers: readonly string[]])[] = [
    ['a named import', `import { a } from './a.ts';`, ['./a.ts']],
    ['a type import over lines', `import type {\n  a,\n} from "./a.ts";`, ['./a.ts']],
    ['an export from', `export { a } from '../b/index.ts';`, ['../b/index.ts']],
    ['a side-effect import', `import './a.ts';`, ['./a.ts']],
    ['a dynamic import', `const a = await import('node:fs');`, ['node:fs']],
    ['an import type', `type A = import('./a.ts').A;`, ['./a.ts']],
    ['nothing in a comment', `// import a from './a.ts'`, []],
    ['nothing in a string', `const a = "import x from './a.ts'";`, []],
    ['nothing in a call named from', `Buffer.from('x'); Array.from("y");`, []],
  ];
  it.each(rows)('%s', (_name, text, specifiers) => {
    expect(importsOf(sourceFile('x.ts', text)).map((site) => site.specifier)).toEqual(specifiers);
  });

  it('names imports whose target is computed', () => {
    expect(computedImports(sourceFile('x.ts', `a;\nawait import(name);\nawait import('./a.ts');`))).toEqual([
      2,
    ]);
  });
});

describe('measuring functions', () => {
  const rows: readonly (readonly [name: string, text: string, lengths: readonly number[]])[] = [
    ['a declaration', 'function a(b: string): number {\n  return 1;\n}', [3]],
    [
      'a declaration with a long head',
      'export async function a(\n  b: string,\n): Promise<Map<string, number>> {\n  c();\n}',
      [5],
    ],
    ['an arrow', 'const a = (b: string) => {\n  c();\n};', [3]],
    ['an arrow without a block', 'const a = (b: string) => b;', []],
    [
      'a method and a private method',
      'class A {\n  b(): void {\n    c();\n  }\n  async #d<T>(e: T): Promise<T> {\n    return e;\n  }\n}',
      [3, 3],
    ],
    [
      'a constructor and a getter',
      'class A extends B<C, D> {\n  constructor(a: number) {\n    super();\n  }\n  get b(): number {\n    return 1;\n  }\n}',
      [3, 3],
    ],
    ['an object return type', 'function a(): { b: number; c: string } {\n  return x;\n}', [3]],
    [
      'a method of an object',
      'const a = {\n  b: 1,\n  c(d: number) {\n    e();\n  },\n  f: { g: 1 },\n};',
      [3],
    ],
    [
      'no function in control flow',
      'if (a) {\n  b();\n} else {\n  while (c) {\n    d();\n  }\n}\nfor (const x of y) {\n}\nswitch (z) {\n}\n',
      [],
    ],
    [
      'no function in types',
      'interface A {\n  b(): void;\n  c: { d: number };\n}\ntype E = { f: () => void };',
      [],
    ],
    [
      'a callback inside a call',
      "describe('a', () => {\n  it('b', async () => {\n    c();\n  });\n});",
      [3, 5],
    ],
    ['a function after a block', 'if (a) {\n}\n\nfunction b() {\n}\n', [2]],
    ['a type guard', 'function isA(x: unknown): x is A {\n  return true;\n}', [3]],
    ['a function returned in an object', 'return {\n  a: function () {\n    b();\n  },\n};', [3]],
    ['a method whose result is a function', 'class A {\n  b(): () => void {\n    return c;\n  }\n}', [3]],
  ];
  it.each(rows)('%s', (_name, text, lengths) => {
    const spans = functionsOf(sourceFile('x.ts', text));
    expect(spans.map((span) => span.lineCount)).toEqual(lengths);
  });
});

/** What one room of the house may import: other rooms, and packages of npm. */
export interface Room {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** No input or output, no clock, no chance, no environment: all of it comes in as values and ports. */
  readonly isPure: boolean;
}

/** The rooms of `src/`, low to high. A folder that is not listed here may not exist. */
export const rooms: Readonly<Record<string, Room>> = {
  base: { rooms: [], packages: [], isPure: true },
  xml: { rooms: ['base'], packages: ['fast-xml-parser'], isPure: true },
  geo: {
    rooms: ['base'],
    packages: ['@turf/turf', '@turf/boolean-point-in-polygon', '@turf/distance', 'robust-predicates'],
    isPure: true,
  },
  sip: { rooms: ['base'], packages: [], isPure: true },
  location: { rooms: ['base', 'xml', 'geo', 'sip'], packages: [], isPure: true },
  lost: { rooms: ['base', 'xml', 'geo', 'location'], packages: [], isPure: true },
  policy: { rooms: ['base', 'geo', 'location', 'sip'], packages: [], isPure: true },
  esrp: { rooms: ['base', 'xml', 'geo', 'sip', 'location', 'lost', 'policy'], packages: [], isPure: true },
  ecrf: {
    rooms: ['base', 'xml', 'geo', 'location', 'lost', 'esrp'],
    packages: ['lru-cache'],
    isPure: true,
  },
  store: {
    rooms: ['base', 'geo', 'location', 'esrp'],
    packages: ['pg', '@electric-sql/pglite', '@electric-sql/pglite-postgis', 'tar-stream'],
    isPure: false,
  },
  load: {
    rooms: ['base', 'geo', 'esrp'],
    packages: ['csv-parse', 'yauzl', 'node-sqlite3-wasm'],
    isPure: false,
  },
  net: { rooms: ['base', 'sip', 'esrp'], packages: ['ws', 'dns-packet', 'koffi', 'undici'], isPure: false },
  http: {
    rooms: ['base', 'esrp', 'lost', 'location', 'policy', 'geo'],
    packages: ['express', 'zod'],
    isPure: false,
  },
  observe: { rooms: ['base', 'esrp'], packages: ['pino'], isPure: false },
  config: { rooms: ['base'], packages: ['zod', 'yaml'], isPure: false },
};

/** Folders of `src/` that may import every room and package: the composition and the tools. */
export const composition: readonly string[] = ['cli'];

/** Packages that only one room may use, wherever else they would be convenient. */
export const ownedPackages: Readonly<Record<string, readonly string[]>> = {
  'fast-xml-parser': ['xml'],
  '@turf/turf': ['geo'],
  '@turf/boolean-point-in-polygon': ['geo'],
  '@turf/distance': ['geo'],
  'robust-predicates': ['geo'],
  pg: ['store'],
  '@electric-sql/pglite': ['store'],
  '@electric-sql/pglite-postgis': ['store'],
  express: ['http'],
  zod: ['http', 'config'],
  yaml: ['config'],
  pino: ['observe'],
  commander: ['cli'],
  undici: ['net'],
  'csv-parse': ['load'],
  yauzl: ['load'],
  'node-sqlite3-wasm': ['load'],
  'lru-cache': ['ecrf'],
};

/** Modules of Node.js that neither do input or output nor read a clock; of `node:crypto` what draws no random number. */
export const pureNodeModules: readonly string[] = ['node:buffer', 'node:zlib', 'node:crypto'];

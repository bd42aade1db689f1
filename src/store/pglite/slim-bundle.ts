import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';

// The published bundle carries raster, topology, the geocoder and some 500 upgrade scripts: 19.8 MB that PGlite
// unpacks into memory at every start. What routing needs is the library, its one install script and PROJ's data.
const recipe = 1;
const unwanted =
  /(^|\/)(postgis_raster|postgis_topology|postgis_tiger|rtpostgis|topology|uninstall_|legacy|postgis_upgrade)/;
const installScript = /\/extension\/postgis--\d+\.\d+\.\d+\.sql$/;

/** The stock PostGIS bundle of the installed package, and its version. */
export async function stockBundle(): Promise<{ readonly path: string; readonly version: string }> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite-postgis');
  const folder = dirname(entry);
  const manifest: unknown = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : '0';
  return { path: join(folder, 'postgis.tar.gz'), version };
}

/** The URL of the slim bundle in `cacheDir`; makes it first where it is missing, telling `onRepack`. */
export async function slimBundle(cacheDir: string, onRepack: () => void): Promise<URL> {
  const stock = await stockBundle();
  const hash = createHash('sha256').update(await readFile(stock.path));
  const key = `${stock.version}-${recipe}-${hash.digest('hex').slice(0, 16)}`;
  const slimPath = join(cacheDir, `postgis-slim-${key}.tar.gz`);
  if (!(await exists(slimPath))) {
    onRepack();
    await mkdir(cacheDir, { recursive: true });
    await removeOthers(cacheDir);
    await repack(stock.path, slimPath);
  }
  return pathToFileURL(slimPath);
}

// Atomic: a bundle has its name only when it is whole.
async function repack(from: string, to: string): Promise<void> {
  const unfinished = `${to}.${process.pid}.part`;
  const input = extract();
  const output = pack();
  const written = pipeline(output, createGzip({ level: 1 }), createWriteStream(unfinished));
  const read = pipeline(createReadStream(from), createGunzip(), input);
  let scripts = 0;
  const copied = (async () => {
    for await (const entry of input) {
      const { header } = entry;
      if (!isWanted(header.name)) {
        entry.resume();
        continue;
      }
      if (installScript.test(header.name)) scripts += 1;
      if (header.type === 'directory') {
        entry.resume();
        output.entry(header);
      } else {
        await pipeline(entry, output.entry({ ...header }));
      }
    }
    output.finalize();
  })();
  try {
    await Promise.all([copied, read, written]);
    if (scripts !== 1) throw new Error(`expected one install script in ${from}, found ${scripts}`);
    await rename(unfinished, to);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function isWanted(name: string): boolean {
  if (unwanted.test(name)) return false;
  return !/\/extension\/postgis--/.test(name) || installScript.test(name);
}

// Bundles of earlier versions, and what a killed start left unfinished.
async function removeOthers(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (name.startsWith('postgis-slim-')) await rm(join(cacheDir, name), { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

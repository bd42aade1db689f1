import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import { refuse } from './field-values.ts';
import type { Refusal } from './types.ts';

/** How GDAL's ogr2ogr is run. */
export interface OgrOptions {
  /** The program: a path, or a name that is looked for where the system does. */
  readonly program: string;
  readonly deadlineMs: number;
  /** Of what it writes. */
  readonly outputBytesMax: number;
}

/**
 * The formats that ogr2ogr is let read, as GDAL calls them. Those that may lead it elsewhere, to other files, databases or
 * hosts, are not among them (VRT, the databases, the web services).
 */
const drivers = [
  'OpenFileGDB',
  'KML',
  'LIBKML',
  'GML',
  'FlatGeobuf',
  'MapInfo File',
  'GPX',
  'TopoJSON',
  'ESRIJSON',
  'CSV',
  'DGN',
  'DXF',
];

/** What its output needs besides. */
const outputDriver = 'GPKG';
/** The first version that knows every option that is given here. */
const majorMin = 3;
const checkDeadlineMs = 10_000;
const watchEveryMs = 250;
const textMax = 100_000;

/** Runs ogr2ogr, where it is installed. */
export class Ogr {
  readonly #options: OgrOptions;
  #installed: Promise<Installed | undefined> | undefined;

  constructor(options: OgrOptions) {
    this.#options = options;
  }

  /** Its version, such as `3.6.2`; undefined where there is none that can be used. It is asked once. */
  async version(): Promise<string | undefined> {
    return (await this.#ask())?.version;
  }

  /** Converts a file, or the folder of a File Geodatabase, into a GeoPackage in `folder`, and gives its path. */
  async convert(path: string, folder: string): Promise<Result<string, Refusal>> {
    const installed = await this.#ask();
    if (installed === undefined) {
      return refuse(
        'load.gdalMissing',
        "the file is of a format that is read through GDAL's ogr2ogr 3.0 or newer, which is not installed on the server; " +
          'install it (Debian: gdal-bin), or convert the file to a GeoPackage first',
      );
    }
    const output = join(folder, 'converted.gpkg');
    const run = await this.#run(argumentsOf(path, output), {
      deadlineMs: this.#options.deadlineMs,
      folder,
      output,
      skippedDrivers: installed.skippedDrivers,
    });
    if (run.kind === 'ended' && run.exitCode === 0 && (await sizeOf(output)) > 0) return ok(output);
    return refuse('load.gdalFailed', `ogr2ogr ${whyOf(run, this.#options)}`);
  }

  #ask(): Promise<Installed | undefined> {
    this.#installed ??= this.#findOut();
    return this.#installed;
  }

  /** GDAL takes no list of the formats that it may read, only of those that it may not: all others that it has. */
  async #findOut(): Promise<Installed | undefined> {
    const said = await this.#run(['--version'], { deadlineMs: checkDeadlineMs });
    const match = said.kind === 'ended' ? /GDAL (([0-9]+)\.[0-9]+(?:\.[0-9]+)?)/.exec(said.text) : null;
    const [, version = '', major = '0'] = match ?? [];
    if (Number(major) < majorMin) return undefined;
    const listed = await this.#run(['--formats'], { deadlineMs: checkDeadlineMs });
    if (listed.kind !== 'ended') return undefined;
    const names = [...listed.text.matchAll(/^ {2}(.+?) -[a-z, ]*vector[a-z, ]*- /gm)].map(
      ([, name = '']) => name,
    );
    if (!names.includes(outputDriver)) return undefined;
    const skippedDrivers = names.filter((name) => name !== outputDriver && !drivers.includes(name)).join(',');
    return { version, skippedDrivers };
  }

  #run(args: readonly string[], { deadlineMs, folder, output, skippedDrivers }: Running): Promise<Run> {
    return new Promise((resolve) => {
      const child = spawn(this.#options.program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment(skippedDrivers),
        ...(folder === undefined ? {} : { cwd: folder }),
      });
      const watch = new Watch(child, deadlineMs, output, this.#options.outputBytesMax);
      child.on('spawn', () => {
        // Calls come first: it converts when nobody else wants the processor.
        if (child.pid !== undefined) lowerPriority(child.pid);
      });
      child.on('error', () => resolve(watch.end({ kind: 'absent' })));
      child.on('close', (exitCode) => {
        resolve(watch.end({ kind: 'ended', exitCode: exitCode ?? -1, text: watch.text }));
      });
    });
  }
}

interface Installed {
  readonly version: string;
  /** Separated by commas, as GDAL takes them. */
  readonly skippedDrivers: string;
}

interface Running {
  readonly deadlineMs: number;
  readonly folder?: string;
  readonly output?: string;
  readonly skippedDrivers?: string;
}

type Run =
  | { readonly kind: 'absent' | 'late' | 'tooLarge' }
  | { readonly kind: 'ended'; readonly exitCode: number; readonly text: string };

/** Keeps a process to its time and to what it may write, and keeps the beginning of what it says. */
class Watch {
  text = '';
  readonly #deadline: NodeJS.Timeout;
  readonly #interval: NodeJS.Timeout;
  #killedFor: 'late' | 'tooLarge' | undefined;

  constructor(child: ChildProcess, deadlineMs: number, output: string | undefined, bytesMax: number) {
    const kill = (why: 'late' | 'tooLarge') => {
      this.#killedFor ??= why;
      child.kill('SIGKILL');
    };
    this.#deadline = setTimeout(() => kill('late'), deadlineMs);
    this.#interval = setInterval(() => {
      if (output === undefined) return;
      void sizeOf(output).then((sizeBytes) => {
        if (sizeBytes > bytesMax) kill('tooLarge');
      });
    }, watchEveryMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        if (this.text.length < textMax) this.text += chunk.toString('utf8');
      });
    }
  }

  end(run: Run): Run {
    clearTimeout(this.#deadline);
    clearInterval(this.#interval);
    return this.#killedFor === undefined ? run : { kind: this.#killedFor };
  }
}

function argumentsOf(input: string, output: string): readonly string[] {
  return [
    ...['-f', 'GPKG', '-dim', 'XY', '-nlt', 'CONVERT_TO_LINEAR', '-gt', '65536'],
    ...['--config', 'OGR_SQLITE_SYNCHRONOUS', 'OFF', '--config', 'GDAL_CACHEMAX', '64'],
    output,
    input,
  ];
}

/** Nothing of ours but where programs and the system's tables are; no way to other hosts, or to what files refer to. */
function environment(skippedDrivers: string | undefined): NodeJS.ProcessEnv {
  const kept = ['PATH', 'PROJ_LIB', 'PROJ_DATA', 'GDAL_DATA', 'LD_LIBRARY_PATH', 'SystemRoot'];
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    ...(skippedDrivers === undefined ? {} : { OGR_SKIP: skippedDrivers }),
    LC_ALL: 'C.UTF-8',
    PROJ_NETWORK: 'OFF',
    CPL_VSIL_CURL_ALLOWED_FILENAME: 'none',
    GDAL_HTTP_PROXY: '127.0.0.1:9',
    GML_SKIP_RESOLVE_ELEMS: 'ALL',
    GML_DOWNLOAD_SCHEMA: 'NO',
  };
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system does not let us: it runs as it is.
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function whyOf(run: Run, options: OgrOptions): string {
  switch (run.kind) {
    case 'absent':
      return 'could not be started';
    case 'late':
      return `took longer than ${options.deadlineMs / 1000} s; convert the file to a GeoPackage first`;
    case 'tooLarge':
      return `made more than ${options.outputBytesMax} bytes of the file`;
    case 'ended': {
      const said = run.text
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^Warning/.test(line))
        .join(' ')
        .replace(/ with the following drivers\..*/, '')
        .replace(/\/\S*\//g, '')
        .slice(0, 300);
      return said === '' ? `ended with code ${run.exitCode}` : `could not read the file: ${said}`;
    }
  }
}

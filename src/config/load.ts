import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { CodedError, Result } from '../base/index.ts';
import { err, errorText, ok } from '../base/index.ts';
import { configKeys, variableOf } from './keys.ts';
import { lostProblems } from './lost.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';

/** Where a configuration comes from; the caller has read the file and the environment. */
export interface ConfigSources {
  /** Text of the YAML file, with its name for messages. Undefined: no file. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Variables of older and shorter names, and those of other tools, beside the key each one sets. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  DATABASE_URL: ['database', 'url'],
  FIRSTLINE_DATA: ['dataDir'],
};

/** Decodes file and environment (environment wins) into one frozen configuration, or lists every problem. */
export function loadConfig(sources: ConfigSources): Result<Config, readonly CodedError[]> {
  const problems: CodedError[] = [];
  const tree = readFile(sources.file, problems);
  applyEnvironment(tree, sources.environment, problems);
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(describeIssue(issue));
    return err(problems);
  }
  problems.push(...contradictions(parsed.data));
  return problems.length > 0 ? err(problems) : ok(deepFreeze(parsed.data));
}

function readFile(file: ConfigSources['file'], problems: CodedError[]): Record<string, unknown> {
  if (file === undefined) return {};
  try {
    const value: unknown = parseYaml(file.text);
    if (value === null || value === undefined) return {};
    if (typeof value === 'object' && !Array.isArray(value))
      return structuredClone(value) as Record<string, unknown>;
    problems.push({
      code: 'config.notYaml',
      message: `${file.name}: must hold keys and values, not a list or a text`,
    });
  } catch (thrown) {
    const where = thrown instanceof YAMLParseError ? ` line ${thrown.linePos?.[0].line ?? '?'}` : '';
    problems.push({
      code: 'config.notYaml',
      message: `${file.name}${where}: ${errorText(thrown).split('\n')[0]}`,
    });
  }
  return {};
}

function applyEnvironment(
  tree: Record<string, unknown>,
  environment: ConfigSources['environment'],
  problems: CodedError[],
): void {
  const settings = Object.entries(aliases).concat(configKeys().map((key) => [key.variable, key.path]));
  for (const [variable, path] of settings) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    setPath(tree, path, readValue(variable, text, path, problems));
  }
}

// A variable's text is YAML, so that numbers, lists and objects can be given; what reads as a plain string stays one.
function readValue(variable: string, text: string, path: readonly string[], problems: CodedError[]): unknown {
  if (path.at(-1) === 'url' || path.at(-1) === 'dataDir' || path.at(-1) === 'destination') return text;
  try {
    return parseYaml(text);
  } catch (thrown) {
    problems.push({ code: 'config.notYaml', message: `${variable}: ${errorText(thrown).split('\n')[0]}` });
    return undefined;
  }
}

function setPath(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const part of path.slice(0, -1)) {
    const next = node[part];
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) {
      node = next as Record<string, unknown>;
    } else {
      const made: Record<string, unknown> = {};
      node[part] = made;
      node = made;
    }
  }
  const last = path.at(-1);
  if (last !== undefined && value !== undefined) node[last] = value;
}

interface ConfigIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What is wrong with a key of a record. */
  readonly issues?: readonly { readonly message: string }[];
}

function describeIssue(issue: ConfigIssue): CodedError {
  const path = issue.path.map(String);
  const where = path.length === 0 ? 'configuration' : path.join('.');
  const variable = path.length === 0 ? '' : ` (${variableOf(path.filter((part) => !/^\d+$/.test(part)))})`;
  const inner = issue.issues?.map((part) => part.message).join(', ');
  const what = inner === undefined ? issue.message : `${issue.message}: ${inner}`;
  return { code: 'config.invalid', message: `${where}${variable}: ${what}` };
}

function contradictions(config: Config): CodedError[] {
  const problems: CodedError[] = [];
  const contradiction = (message: string) => problems.push(contradictionOf(message));
  const seen = new Set<string>();
  for (const listener of config.sip.listen) {
    const key = `${listener.transport} ${listener.address} ${listener.port}`;
    if (listener.port !== 0 && seen.has(key)) contradiction(`sip.listen: ${key} is listed twice`);
    seen.add(key);
    const isUnspecified = listener.address === '0.0.0.0' || listener.address === '::';
    if (isUnspecified && listener.announcedHost === undefined) {
      contradiction(
        `sip.listen: ${key} listens on every address and needs announcedHost, the name or address peers see`,
      );
    }
  }
  problems.push(...tlsProblems(config));
  for (const text of lostProblems(config.lost)) contradiction(text);
  const { budgetMs } = config.location;
  const { lookupDeadlineMs } = config.routing;
  if (budgetMs + lookupDeadlineMs >= config.sip.decideTimeoutMs) {
    contradiction(
      `location.budgetMs: ${budgetMs} and routing.lookupDeadlineMs: ${lookupDeadlineMs} together must be less than sip.decideTimeoutMs: ${config.sip.decideTimeoutMs}, or the default route is taken before the place is known`,
    );
  }
  for (const { address, port, tls } of config.http.listen) {
    if (tls !== undefined && config.sip.tls[tls] === undefined) {
      contradiction(
        `http.listen: ${address}:${port} names the TLS profile ${tls}, which sip.tls does not have`,
      );
    }
  }
  if (config.routing.defaultRouteUri === undefined && !config.demo.psapEnabled) {
    contradiction(
      'routing.defaultRouteUri: must be set where demo.psapEnabled is false; calls need a last resort',
    );
  }
  const defaults = [
    config.routing.defaultRouteUri,
    ...Object.values(config.ingress).map((rules) => rules.defaultRouteUri),
  ];
  for (const uri of defaults) {
    if (uri !== undefined && pointsAtOurselves(uri, config)) {
      contradiction(
        `defaultRouteUri: ${uri} is one of this server's own listeners; a call would come back in a circle`,
      );
    }
  }
  return problems;
}

function tlsProblems(config: Config): CodedError[] {
  const problems: CodedError[] = [];
  for (const { transport, address, port, tls, origins } of config.sip.listen) {
    const key = `sip.listen: ${transport} ${address} ${port}`;
    const isTls = transport === 'tls' || transport === 'wss';
    const known = Object.keys(config.sip.tls).join(', ') || 'none';
    if (isTls && tls === undefined) problems.push(contradictionOf(`${key} needs tls, the name of a profile`));
    if (!isTls && tls !== undefined)
      problems.push(contradictionOf(`${key} has tls, which only tls and wss use`));
    if (tls !== undefined && config.sip.tls[tls] === undefined) {
      problems.push(contradictionOf(`${key}: no profile "${tls}" in sip.tls (there: ${known})`));
    }
    if (origins !== undefined && transport !== 'ws' && transport !== 'wss') {
      problems.push(contradictionOf(`${key} has origins, which only ws and wss use`));
    }
  }
  return problems;
}

function contradictionOf(message: string): CodedError {
  return { code: 'config.contradiction', message };
}

function pointsAtOurselves(uri: string, config: Config): boolean {
  const hostPort = /^sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;?]+)(?::(\d+))?/i.exec(uri);
  if (hostPort === null) return false;
  const host = (hostPort[1] ?? '').replace(/^\[|\]$/g, '').toLowerCase();
  const uriPort = hostPort[2] === undefined ? 5060 : Number(hostPort[2]);
  return config.sip.listen.some(
    (listener) =>
      (listener.port === uriPort && listener.address.toLowerCase() === host) ||
      (listener.announcedHost?.toLowerCase() === host &&
        (listener.announcedPort ?? listener.port) === uriPort),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}

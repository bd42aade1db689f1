import { assert } from '../../base/index.ts';
import { sameText } from './lexical.ts';
import type { Param, SipUri } from './types.ts';

/** What a SIP URI is written from. */
export type SipUriParts = Pick<SipUri, 'scheme' | 'host'> &
  Partial<Omit<SipUri, 'kind' | 'raw' | 'scheme' | 'host'>>;

/** Writes a SIP URI. The parts are taken as they are; they must not hold white space or angle brackets. */
export function formatSipUri(parts: SipUriParts): string {
  let text = `${parts.scheme}:`;
  if (parts.user !== undefined) {
    text += parts.user;
    if (parts.password !== undefined) text += `:${parts.password}`;
    text += '@';
  }
  text += parts.host;
  if (parts.port !== undefined) text += `:${parts.port}`;
  for (const param of parts.params ?? []) text += formatParam(param);
  if (parts.headers !== undefined) text += `?${parts.headers}`;
  assert(!/[\s<>"]/.test(text), 'a URI has no white space, quote or angle bracket');
  return text;
}

/** `;name=value`, or `;name` for a flag. */
export function formatParam(param: Param): string {
  return param.value === undefined ? `;${param.name}` : `;${param.name}=${param.value}`;
}

/** The URI with a parameter set: replaced where it stood, else added last. `value` undefined makes a flag. */
export function withParam(uri: SipUri, name: string, value: string | undefined): SipUri {
  const param: Param = { name, value };
  const index = uri.params.findIndex((each) => sameText(each.name, name));
  const params = index < 0 ? [...uri.params, param] : uri.params.with(index, param);
  return rewritten(uri, params);
}

/** The URI without a parameter. */
export function withoutParam(uri: SipUri, name: string): SipUri {
  return rewritten(
    uri,
    uri.params.filter((each) => !sameText(each.name, name)),
  );
}

function rewritten(uri: SipUri, params: readonly Param[]): SipUri {
  return { ...uri, params, raw: formatSipUri({ ...uri, params }) };
}

import { headerValues, maxForwards, type SipRequest } from '../message/index.ts';
import type { Flow, ResponseSpec } from '../transaction/index.ts';
import { hasLooped } from './loop.ts';
import type { ProxyCoreOptions } from './options.ts';
import type { OwnAddresses } from './own-addresses.ts';
import { isLost, type RouteView } from './route-view.ts';

/**
 * The checks before a request is forwarded (RFC 3261 §16.3, RFC 5393 §4.2.2): what to refuse it with, or undefined. The
 * syntax check was the parser's, the scheme is checked when there is a next hop to find.
 */
export function refusal(
  view: RouteView,
  flow: Flow,
  own: OwnAddresses,
  options: ProxyCoreOptions,
): ResponseSpec | undefined {
  const { request } = view;
  if (maxForwards(request) === 0 && !isOurOwnOptions(view)) return { statusCode: 483 };
  let viaLines = 0;
  for (const span of request.headers) if (span.key === 'via') viaLines += 1;
  if (viaLines > options.limits.viasMax) return { statusCode: 483 };
  const required = headerValues(request, 'proxy-require');
  const isBinding = required.length > 0 && !view.isEmergency;
  if (isBinding && options.mayIgnoreProxyRequire?.(request, flow) !== true) {
    return {
      statusCode: 420,
      headers: required.map((value) => ({ name: 'Unsupported', value })),
    };
  }
  if (hasLooped(request, view, own)) return { statusCode: 482 };
  // Without a memory, whoever decides knows whether the dialog is its own.
  const isStray = options.dialogMemory !== undefined && isLost(view) && !startsDialogs.has(request.method);
  if (isStray) return { statusCode: 481 };
  return undefined;
}

/**
 * Methods that mean something without their dialog: a call for help is taken as a new one, and a notice may be for us.
 * All others get 481 where nothing says which dialog they belong to (RFC 3261 §12.2.2).
 */
const startsDialogs = new Set(['INVITE', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REGISTER', 'OPTIONS']);

/** An OPTIONS that ends here is answered by whoever decides, even without hops left (RFC 3261 §16.3 item 3). */
function isOurOwnOptions(view: RouteView): boolean {
  return view.request.method === 'OPTIONS' && view.isForUs && view.routes.length === 0;
}

/** The text of a request's worst defect as a reason phrase: printable, on one line, short. */
export function reasonText(
  request: SipRequest,
  severity: SipRequest['defects'][number]['severity'],
): string | undefined {
  const defect = request.defects.find((each) => each.severity === severity);
  return defect?.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
}

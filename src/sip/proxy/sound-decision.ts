import type { RequestDecision } from './types.ts';

/**
 * A decision as it can be carried out. What would break a message (a line break, a character outside of latin1, a status
 * that is not final) is left out and told, because a mistake of whoever decides must not cost the call.
 */
export function soundDecision(decision: RequestDecision, tell: (what: string) => void): RequestDecision {
  if (decision.kind === 'forward') {
    const { requestUri, edits } = decision;
    const isUriSound = requestUri === undefined || (isSound(requestUri) && !/[\s<>]/.test(requestUri));
    const areEditsSound = edits.every(isLineSound);
    if (isUriSound && areEditsSound) return decision;
    tell(isUriSound ? 'a header edit' : 'the Request-URI');
    return {
      ...decision,
      requestUri: isUriSound ? requestUri : undefined,
      edits: areEditsSound ? edits : edits.filter(isLineSound),
    };
  }
  const { statusCode, reasonPhrase, headers } = decision;
  const isStatusSound = Number.isInteger(statusCode) && statusCode >= 200 && statusCode <= 699;
  if (isStatusSound && isSound(reasonPhrase) && headers.every(isLineSound)) return decision;
  tell('a reply');
  return {
    kind: 'reply',
    statusCode: isStatusSound ? statusCode : 500,
    reasonPhrase: isStatusSound && isSound(reasonPhrase) ? reasonPhrase : 'Server Internal Error',
    headers: headers.filter(isLineSound),
  };
}

/** Whether a text may stand in a line that we write. */
function isSound(text: string): boolean {
  return !/[\r\n\0]|[^\x00-\xff]/.test(text);
}

function isLineSound(line: { readonly name: string; readonly value: string }): boolean {
  return /^[\w.!%*+`'~-]+$/.test(line.name) && isSound(line.value);
}

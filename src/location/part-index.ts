import { externalContentId, isExternalBody } from './external-body.ts';
import { decodeCid, type IdHalves, splitId } from './geolocation-header.ts';
import type { LocationBodyPart } from './input.ts';

interface NamedPart extends Pick<IdHalves, 'domain'> {
  readonly part: LocationBodyPart;
  /** The name is that of a multipart around the part. */
  readonly isEnclosing: boolean;
}

/** Parts found by one name; further ones are found by their types alone. */
const partsOfOneNameMax = 32;

/** Body parts by their Content-IDs, made when it is first asked. */
export class PartIndex {
  readonly #parts: readonly LocationBodyPart[];
  #byLocal: Map<string, NamedPart[]> | undefined;

  constructor(parts: readonly LocationBodyPart[]) {
    this.#parts = parts;
  }

  /**
   * The parts that a cid URL names, as `cidMatches` has it (RFC 2392 §2): one with this Content-ID, or whose content lies elsewhere
   * and has it there (RFC 2046 §5.2.3); else all leaves of a multipart that has it (RFC 8262, RFC 7852 §6.1).
   */
  find(uri: string): readonly LocationBodyPart[] {
    const wanted = decodeCid(uri);
    const named = (this.#index().get(wanted.local) ?? []).filter(
      ({ domain }) => domain === wanted.domain || domain === undefined || wanted.domain === undefined,
    );
    const own = named.filter(({ isEnclosing }) => !isEnclosing);
    const exact = own.find(({ domain }) => domain === wanted.domain) ?? own[0];
    return exact === undefined ? named.map(({ part }) => part) : [exact.part];
  }

  #index(): ReadonlyMap<string, readonly NamedPart[]> {
    if (this.#byLocal !== undefined) return this.#byLocal;
    const byLocal = new Map<string, NamedPart[]>();
    this.#byLocal = byLocal;
    for (const part of this.#parts) {
      const phantomId = isExternalBody(part) ? externalContentId(part) : undefined;
      for (const id of [part.contentId, phantomId]) addTo(byLocal, id, part, false);
      for (const id of part.enclosingIds ?? []) addTo(byLocal, id, part, true);
    }
    return byLocal;
  }
}

function addTo(
  byLocal: Map<string, NamedPart[]>,
  contentId: string | undefined,
  part: LocationBodyPart,
  isEnclosing: boolean,
): void {
  if (contentId === undefined) return;
  const { local, domain } = splitId(contentId);
  if (local === '') return;
  const list = byLocal.get(local) ?? [];
  if (list.length >= partsOfOneNameMax) return;
  list.push({ part, domain, isEnclosing });
  byLocal.set(local, list);
}

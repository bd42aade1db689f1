import type { XmlElement } from '../xml/index.ts';
import type { LostErrors, LostRedirect } from './answers.ts';
import { lostNamespaces } from './names.ts';
import type { LostException, LostExceptions } from './types.ts';
import { changeElement } from './write-mapping.ts';
import { extension, languageTag, lost } from './write-parts.ts';

/** Writes warnings: a container of them for each server, and another where one of them warned of a type twice. */
export function warningElements(warnings: readonly LostExceptions[]): readonly XmlElement[] {
  return warnings.flatMap(({ source, exceptions, extensions = [] }) =>
    grouped(exceptions).map((group, index) => {
      const children = [...group.map(exceptionElement), ...(index === 0 ? extensions : [])];
      return lost('warnings', children, { source });
    }),
  );
}

/** Writes an answer that is none. Of several errors of a type the first is written: the schema has room for one. */
export function errorsElement({ source, exceptions, notDeleted, extensions = [] }: LostErrors): XmlElement {
  const first = grouped(exceptions)[0] ?? [];
  const undeleted =
    notDeleted === undefined
      ? []
      : [
          extension(
            lostNamespaces.sync,
            'notDeleted',
            notDeleted.mappings.map(changeElement),
            messageAttributes(notDeleted.message, undefined),
          ),
        ];
  return lost('errors', [...first.map(exceptionElement), ...undeleted, ...extensions], { source });
}

/** Writes a redirection (RFC 5222 §13.3). */
export function redirectElement(redirect: LostRedirect): XmlElement {
  const { target, source, message, language, extensions = [] } = redirect;
  return lost('redirect', extensions, { target, source, ...messageAttributes(message, language) });
}

/** The exceptions in as many groups as it takes to have each type once in a group; one group at least. */
function grouped(exceptions: readonly LostException[]): readonly (readonly LostException[])[] {
  const groups: LostException[][] = [[]];
  for (const exception of exceptions) {
    const free = groups.find((group) => group.every(({ type }) => type !== exception.type));
    if (free === undefined) groups.push([exception]);
    else free.push(exception);
  }
  return groups;
}

function exceptionElement(exception: LostException): XmlElement {
  const { type, message, language, extensions = [] } = exception;
  const attributes = { ...messageAttributes(message, language) };
  if (type !== 'locationProfileUnrecognized') return lost(type, extensions, attributes);
  const profiles = exception.unsupportedProfiles?.filter((profile) => nameToken.test(profile)) ?? [];
  // The schema wants one at least, also where the client named none.
  const unsupportedProfiles = profiles.length === 0 ? 'unspecified' : profiles.join(' ');
  return lost(type, extensions, { unsupportedProfiles, ...attributes });
}

/** xs:NMTOKEN, of ASCII. */
const nameToken = /^[A-Za-z0-9._:-]+$/;

/** A text and its language go together, or not at all. */
function messageAttributes(message: string, language: string | undefined): Readonly<Record<string, string>> {
  return message === '' ? {} : { message, 'xml:lang': languageTag(language) ?? 'en' };
}

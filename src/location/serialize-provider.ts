import type { XmlElement } from '../xml/index.ts';
import { xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';

/** Who provides a location, as RFC 7852 §4.1 describes a provider of data. */
export interface DataProvider {
  /** Name of the provider for a person to read. */
  readonly name: string;
  /** Ties together what one provider adds at one time: `local@domain`, like a Message-ID without brackets (§4). */
  readonly reference: string;
  /** `sip:`, `sips:`, `tel:` or `https:` URI under which the provider answers questions (§4.1.5). */
  readonly contactUri: string;
  /** Identifier and the registry that it is from: `NENA`, `EENA`, or `domain` for a domain name (§4.1.2, §4.1.3). */
  readonly id: { readonly value: string; readonly series: string };
  /** §4.1.4; `Emergency Service Provider` unless told otherwise. */
  readonly type?: string | undefined;
  /** Language tags in lower case that the provider understands, most preferred first (§4.1.6); `en` unless told otherwise. */
  readonly languages?: readonly string[] | undefined;
}

const data = 'urn:ietf:params:xml:ns:EmergencyCallData';
const providerInfo = 'urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo';

/** Writes `provided-by` of a geopriv element, with the provider's data by value (RFC 7852 §6.2, §8.1, §8.6). */
export function providedByElement(provider: DataProvider): XmlElement {
  const info = xmlElement({
    name: 'pi:EmergencyCallData.ProviderInfo',
    namespaceUri: providerInfo,
    children: [
      field('DataProviderReference', provider.reference),
      field('DataProviderString', provider.name),
      field('ProviderID', provider.id.value),
      field('ProviderIDSeries', provider.id.series),
      field('TypeOfProvider', provider.type ?? 'Emergency Service Provider'),
      field('ContactURI', provider.contactUri),
      ...(provider.languages ?? ['en']).map((language) => field('Language', language)),
    ],
  });
  const value = xmlElement({ name: 'ad:EmergencyCallDataValue', namespaceUri: data, children: [info] });
  return xmlElement({ name: 'gp:provided-by', namespaceUri: namespaces.gp, children: [value] });
}

function field(localName: string, text: string): XmlElement {
  return xmlElement({ name: `pi:${localName}`, namespaceUri: providerInfo, children: [text] });
}

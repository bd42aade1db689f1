import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ParseOption, RelaxNGValidator, XmlDocument, XmlValidateError } from 'libxml2-wasm';
import { schemaErrors } from './schemas.ts';

// The grammars that LoST documents are held to: RFC 5222's as published; and what later documents, and its own text, add.

/** `sync`: RFC 6739 §7. `slb`: RFC 6197 §5.1. `amended`: what RFC 5222's text has and its schema forgot, and `lost-rli1`. */
export type LostGrammar = 'published' | 'amended' | 'slb' | 'sync';

const anyUri = 'http://www.w3.org/2001/XMLSchema-datatypes';
const lost = 'urn:ietf:params:xml:ns:lost1';

/** Definitions that replace those of the published grammar, and definitions of their own. */
const additions: Readonly<
  Record<Exclude<LostGrammar, 'published'>, { readonly replaced: string; readonly own: string }>
> = {
  // RFC 5222 §13.1 and §13.2 name two exceptions that the containers of its schema have no room for. The attribute is
  // that of the extension of complete and similar locations.
  amended: {
    replaced: `
      <define name="exceptionContainer">
        <interleave>${[
          ...['badRequest', 'internalError', 'serviceSubstitution', 'defaultMappingReturned', 'forbidden'],
          ...['notFound', 'loop', 'serviceNotImplemented', 'serverTimeout', 'serverError', 'locationInvalid'],
          ...['locationValidationUnavailable', 'locationProfileUnrecognized', 'SRSInvalid'],
        ]
          .map((name) => `<optional><ref name="${name}"/></optional>`)
          .join('')}</interleave>
        <ref name="extensionPoint"/>
        <ref name="source"/>
      </define>
      <define name="requestLocation">
        <oneOrMore>
          <element name="location">
            <attribute name="id"><data type="token"/></attribute>
            <ref name="locationInformation"/>
          </element>
        </oneOrMore>
        <optional>
          <attribute name="returnAdditionalLocation" ns="urn:ietf:params:xml:ns:lost-rli1">
            <choice>${['none', 'similar', 'complete', 'any'].map((value) => `<value>${value}</value>`).join('')}</choice>
          </attribute>
        </optional>
      </define>`,
    own: '<define name="SRSInvalid"><element name="SRSInvalid"><ref name="basicException"/></element></define>',
  },
  slb: {
    replaced: `
      <define name="listServicesByLocation">
        <element name="listServicesByLocation">
          <ref name="requestLocation"/>
          <ref name="commonRequestPattern"/>
          <optional><attribute name="recursive"><data type="boolean"/></attribute></optional>
          <optional>
            <element name="slb:serviceListBoundaryRequest">
              <optional>
                <attribute name="type"><choice><value>value</value><value>reference</value></choice></attribute>
              </optional>
            </element>
          </optional>
        </element>
      </define>
      <define name="listServicesByLocationResponse">
        <element name="listServicesByLocationResponse">
          <ref name="serviceList"/>
          <ref name="commonResponsePattern"/>
          <ref name="locationUsed"/>
          <optional>
            <choice>
              <ref name="serviceListBoundary"/>
              <element name="slb:serviceListBoundaryReference">
                <ref name="source"/>
                <attribute name="serviceListKey"><data type="token"/></attribute>
                <ref name="extensionPoint"/>
              </element>
            </choice>
          </optional>
        </element>
      </define>`,
    own: `
      <define name="serviceListBoundary">
        <oneOrMore>
          <element name="slb:serviceListBoundary">
            <optional><ref name="expires"/></optional>
            <ref name="locationInformation"/>
            <ref name="extensionPoint"/>
          </element>
        </oneOrMore>
      </define>
      <start combine="choice">
        <element name="slb:getServiceListBoundary">
          <attribute name="serviceListKey"><data type="token"/></attribute>
          <ref name="extensionPoint"/>
        </element>
      </start>
      <start combine="choice">
        <element name="slb:getServiceListBoundaryResponse">
          <ref name="serviceListBoundary"/>
          <ref name="path"/>
          <ref name="extensionPoint"/>
        </element>
      </start>`,
  },
  sync: {
    replaced: '',
    own: `
      <start combine="choice">
        <choice>
          <element name="sync:pushMappings">
            <oneOrMore><ref name="mapping"/></oneOrMore>
            <ref name="extensionPoint"/>
          </element>
          <element name="sync:pushMappingsResponse"><ref name="extensionPoint"/></element>
          <element name="sync:getMappingsRequest">
            <choice>
              <element name="sync:exists">
                <oneOrMore>
                  <element name="sync:mapping-fingerprint">
                    <attribute name="source"><data type="token"/></attribute>
                    <attribute name="sourceId"><data type="token"/></attribute>
                    <attribute name="lastUpdated"><data type="dateTime"/></attribute>
                    <ref name="extensionPoint"/>
                  </element>
                </oneOrMore>
              </element>
              <ref name="extensionPoint"/>
            </choice>
          </element>
          <element name="sync:getMappingsResponse">
            <oneOrMore><ref name="mapping"/></oneOrMore>
            <ref name="extensionPoint"/>
          </element>
        </choice>
      </start>`,
  },
};

const fixtures = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', 'schemas');
const validators = new Map<LostGrammar, RelaxNGValidator>();

/** What a grammar has against a document: one line for each objection. As `schemaErrors`, the vectors must be at hand. */
export function lostErrorsBy(grammar: LostGrammar, xml: string): readonly string[] {
  if (grammar === 'published') return schemaErrors('lost', xml);
  const document = XmlDocument.fromString(xml);
  try {
    validatorOf(grammar).validate(document);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof XmlValidateError)) throw thrown;
    return thrown.details.map(({ message }) => message.trim());
  } finally {
    document.dispose();
  }
}

function validatorOf(grammar: Exclude<LostGrammar, 'published'>): RelaxNGValidator {
  const known = validators.get(grammar);
  if (known !== undefined) return known;
  const { replaced, own } = additions[grammar];
  const text = `<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="${lost}" datatypeLibrary="${anyUri}"
      xmlns:slb="urn:ietf:params:xml:ns:lost1:slb" xmlns:sync="urn:ietf:params:xml:ns:lostsync1">
    <include href="published/lost/lost1.rng">${replaced}</include>
    ${own}
  </grammar>`;
  const url = join(fixtures, `${grammar}.rng`);
  const schema = XmlDocument.fromBuffer(Buffer.from(text), { url, option: ParseOption.XML_PARSE_NONET });
  const validator = RelaxNGValidator.fromDoc(schema);
  schema.dispose();
  validators.set(grammar, validator);
  return validator;
}

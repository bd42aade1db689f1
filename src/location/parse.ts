import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { XmlDocument, XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf, parseXml } from '../xml/index.ts';
import { combinedCivic, isCivicElement, readCivic } from './civic.ts';
import { readConfidence } from './confidence.ts';
import type { LocationErrorCode } from './errors.ts';
import { isShapeElement, readShape } from './gml.ts';
import type { LocationLimits } from './limits.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import { listProvidedBy } from './provided-by.ts';
import type {
  CivicAddress,
  Confidence,
  LocationContainer,
  LocationError,
  LocationSource,
  LocationValue,
  LocationWarning,
  PidfLo,
  PidfLoEntry,
  RejectedLocation,
} from './types.ts';
import { readUsageRules } from './usage.ts';

/**
 * Reads every location of a PIDF-LO document (RFC 4119, RFC 5139, RFC 5491), valid by schema or not: what can
 * be understood is used, and a warning names each repair. An error means that there is no location element to
 * be found; a location that is there and cannot be used is an entry of kind `rejected`. The document is given in bytes, or as
 * the tree that has been made of them. Never throws.
 */
export function parsePidfLo(
  document: Uint8Array | XmlDocument,
  source: LocationSource,
  limits: LocationLimits,
): Result<PidfLo, LocationError> {
  const tree = document instanceof Uint8Array ? readLocationXml(document, limits) : ok(document);
  if (!tree.ok) return tree;
  const reader = new PidfLoReader(source, limits, tree.value.repairs);
  reader.read(tree.value.root);
  if (reader.entries.length === 0) {
    return err({ code: 'location.notPidfLo', message: 'there is no location-info element in the document' });
  }
  const locations: LocationValue[] = [];
  for (const entry of reader.entries) if (entry.kind === 'location') locations.push(entry.location);
  return ok({ locations, entries: reader.entries, warnings: reader.warnings });
}

/** The tree of a document that is data: without its indentation. Error: `location.xmlUnreadable`. */
export function readLocationXml(
  bytes: Uint8Array,
  limits: LocationLimits,
): Result<XmlDocument, LocationError> {
  const document = parseXml(bytes, limits.xml, 'indentationDropped');
  if (document.ok) return document;
  const { code, message } = document.error;
  return err({ code: 'location.xmlUnreadable', message: `${code}: ${message}`, cause: document.error });
}

/** What stands around a `<location-info>` and says more about it. */
interface Surroundings {
  readonly container: LocationContainer;
  readonly containerElement: XmlElement | undefined;
  readonly geopriv: XmlElement | undefined;
}

class PidfLoReader {
  readonly entries: PidfLoEntry[] = [];
  readonly warnings: LocationWarning[];
  readonly #source: LocationSource;
  readonly #limits: LocationLimits;
  #entity: string | undefined;

  constructor(source: LocationSource, limits: LocationLimits, repairs: readonly CodedError[]) {
    this.#source = source;
    this.#limits = limits;
    this.warnings = [...repairs];
  }

  read(root: XmlElement): void {
    this.#entity = nonEmpty(attributeOf(root, 'entity'));
    this.#walk(root, { container: 'other', containerElement: undefined, geopriv: undefined });
  }

  /**
   * Looks for locations wherever they stand: `status` may be missing, and containers may be where they do not
   * belong.
   */
  #walk(element: XmlElement, outer: Surroundings): void {
    let around = outer;
    switch (element.localName) {
      case 'tuple':
      case 'device':
      case 'person':
        if (isNamed(element, element.localName === 'tuple' ? namespaces.pidf : namespaces.dm)) {
          around = { container: element.localName, containerElement: element, geopriv: undefined };
        }
        break;
      case 'geopriv':
        if (!isNamed(element, namespaces.gp)) return;
        this.#warnOfNamespace(element, namespaces.gp);
        around = { ...outer, geopriv: element };
        if (hasBareLocation(element)) {
          this.#warn('location.infoMissing', 'a location stands in geopriv without location-info around it');
          this.#readInfo(element, around);
          return;
        }
        if (countNamed(element, 'location-info') > 1) {
          this.#warn('location.extraLocation', 'a geopriv holds one location-info; the first is preferred');
        }
        break;
      case 'location-info':
        if (!isNamed(element, namespaces.gp)) return;
        this.#warnOfNamespace(element, namespaces.gp);
        this.#readInfo(element, around);
        return;
      default:
    }
    for (const child of element.children) if (typeof child !== 'string') this.#walk(child, around);
  }

  /**
   * Reads one location: a shape, an address, or one of each for the same place (RFC 5491 §3 rules 6 and 7). A shape that
   * cannot be used leaves room for the next one. What stands beside them is passed over: a relative location (RFC 7035)
   * refines the one that is read.
   */
  #readInfo(info: XmlElement, around: Surroundings): void {
    if (this.entries.length >= this.#limits.locationsMax) {
      this.#warn('location.tooMany', `only ${this.#limits.locationsMax} locations of a document are read`);
      return;
    }
    let shape: Shape | undefined;
    let civic: CivicAddress | undefined;
    let failure: RejectedLocation | undefined;
    for (const element of locationElements(info)) {
      if (isShapeElement(element)) {
        if (shape !== undefined) {
          this.#warnOfExtra(element);
          continue;
        }
        const read = readShape(element, this.#warn);
        if (read.ok) shape = read.value;
        else failure ??= this.#rejection(read.error, around);
      } else {
        const read = readCivic(element, this.#warn);
        if (civic !== undefined) {
          const combined = read && combinedCivic(civic, read);
          if (combined === undefined) this.#warnOfExtra(element);
          else civic = combined;
        } else if (read !== undefined) civic = read;
        else failure ??= this.#rejection(civicEmpty, around);
      }
    }
    if (failure !== undefined) this.#pushRejected(failure);
    if (shape !== undefined || civic !== undefined) this.#pushLocation(shape, civic, info, around);
    else if (failure === undefined) this.#pushRejected(this.#rejection(infoEmpty, around));
  }

  #pushLocation(
    shape: Shape | undefined,
    civic: CivicAddress | undefined,
    info: XmlElement,
    around: Surroundings,
  ): void {
    const rules = readUsageRules(this.#usageRules(info, around), this.#warn);
    const confidence: Confidence | undefined = readConfidence(info, this.#warn);
    const location: LocationValue = {
      source: this.#source,
      shape,
      civic,
      method: textOfChild(around.geopriv, 'method'),
      entity: this.#entity,
      timestamp: textOfChild(around.containerElement, 'timestamp'),
      isRetransmissionAllowed: rules.isRetransmissionAllowed,
      retentionExpires: rules.retentionExpires,
      confidence,
      rulesetReference: rules.rulesetReference,
      noteWell: rules.noteWell,
      deviceId: textOfChild(around.containerElement, 'deviceID'),
      providedBy: listProvidedBy(
        around.geopriv && childNamed(around.geopriv, 'provided-by'),
        this.#source.kind === 'body' ? `provided-by in part ${this.#source.partPath}` : 'provided-by',
      ),
      container: around.container,
    };
    this.entries.push({ kind: 'location', location });
  }

  /** The usage rules of a location: in its geopriv, or where they do not belong. */
  #usageRules(info: XmlElement, { geopriv, containerElement }: Surroundings): XmlElement | undefined {
    const own = geopriv && childNamed(geopriv, 'usage-rules');
    if (own !== undefined) return own;
    const stray =
      childNamed(info, 'usage-rules') ?? (containerElement && childNamed(containerElement, 'usage-rules'));
    if (stray !== undefined) {
      this.#warn('location.usageRuleRepaired', 'usage-rules belong into geopriv, after location-info');
    }
    return stray;
  }

  #warnOfExtra(element: XmlElement): void {
    this.#warn('location.extraLocation', `one more ${element.localName} in a location-info is left out`);
  }

  #pushRejected(rejected: RejectedLocation): void {
    this.entries.push({ kind: 'rejected', rejected });
    this.#warn(rejected.error.code, rejected.error.message);
  }

  #rejection(error: LocationError, around: Surroundings): RejectedLocation {
    const isUnsupported =
      error.code === 'location.shapeUnsupported' || error.code === 'location.crsUnsupported';
    return { outcome: isUnsupported ? 'unsupported' : 'unreadable', container: around.container, error };
  }

  #warnOfNamespace(element: XmlElement, own: string): void {
    if (namespaceFit(element, own) === 'own') return;
    this.#warn('location.namespaceRepaired', `${element.localName} belongs in the namespace ${own}`);
  }

  /** Each warning once; a document that repeats a fault a thousand times has one warning. */
  readonly #warn = (code: LocationErrorCode, message: string): void => {
    const isKnown = this.warnings.some((warning) => warning.code === code && warning.message === message);
    if (!isKnown && this.warnings.length < this.#limits.warningsMax) this.warnings.push({ code, message });
  };
}

const civicEmpty: LocationError = { code: 'location.civicEmpty', message: 'the civic address has no value' };
const infoEmpty: LocationError = { code: 'location.empty', message: 'the location-info holds no location' };

function isNamed(element: XmlElement, own: string): boolean {
  return namespaceFit(element, own) !== 'foreign';
}

/**
 * The shapes and addresses of a location-info, also inside the feature element that RFC 4119 §2.3 puts around
 * them.
 */
function locationElements(info: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of info.children) {
    if (typeof child === 'string') continue;
    if (isShapeElement(child) || isCivicElement(child)) found.push(child);
    else if (child.localName === 'location' && isNamed(child, namespaces.gml)) {
      found.push(...locationElements(child));
    }
  }
  return found;
}

function hasBareLocation(geopriv: XmlElement): boolean {
  return childNamed(geopriv, 'location-info') === undefined && locationElements(geopriv).length > 0;
}

function countNamed(element: XmlElement, localName: string): number {
  let count = 0;
  for (const child of element.children) {
    if (typeof child !== 'string' && child.localName === localName) count += 1;
  }
  return count;
}

/** The first child of a name that is not somebody else's. */
function childNamed(element: XmlElement, localName: string): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child === 'string' || child.localName !== localName) continue;
    if (isNamed(child, namespaces.gp)) return child;
  }
  return undefined;
}

function textOfChild(element: XmlElement | undefined, localName: string): string | undefined {
  const child = element && childNamed(element, localName);
  return child && nonEmpty(collapsedTextOf(child));
}

function nonEmpty(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

import type { WireGisPreview } from '../../http/index.ts';
import type { CliDeps } from '../deps.ts';
import { type Colors, colorsFor, fields, printable } from '../output.ts';

type Layer = WireGisPreview['layers'][number];
type Feature = Layer['features'][number];

/** How a layer was told, in words. */
const told: Readonly<Record<NonNullable<Layer['toldBy']>, string>> = {
  mapping: 'by the mapping',
  name: 'by its name',
  option: 'by the layer option',
  fields: 'by its fields',
  default: 'since nothing says another',
};

/** A preview for people: each layer with where its fields come from, and its first features. */
export function previewText({ layers, refused }: WireGisPreview, deps: CliDeps): string {
  const colors = colorsFor(deps.out, deps);
  const files = refused.map(({ code, reason }) => `${colors.red(printable(code))}: ${printable(reason)}\n`);
  return layers.map((layer) => layerText(layer, colors)).join('\n') + files.join('');
}

function layerText(layer: Layer, colors: Colors): string {
  const name = printable(layer.source ?? 'the file');
  if (layer.ignored !== undefined)
    return `${colors.dim(`${name}: passed over, ${printable(layer.ignored)}`)}\n`;
  const what =
    layer.nenaLayer === undefined || layer.toldBy === undefined
      ? colors.red('no layer')
      : `${colors.green(layer.nenaLayer)} (${told[layer.toldBy]})`;
  const rows = layer.isWhole ? `all ${layer.rowCount} rows` : `the first ${layer.rowCount} rows`;
  const head = `${colors.bold(name)}: ${what}, ${crsWords(layer.crs)}, ${rows}\n`;
  const from = layer.fields.map(
    ({ field, from: sources, value }) =>
      [
        field,
        value === undefined ? sources.map(printable).join(', else ') : `"${printable(value)}"`,
      ] as const,
  );
  const unmapped =
    layer.unmapped.length === 0
      ? ''
      : `  ${colors.yellow('not used:')} ${layer.unmapped.map(printable).join(', ')}\n`;
  const features = layer.features.map((feature) => featureText(feature, colors)).join('');
  const refused = layer.refused.map(
    ({ ordinal, code, reason }) =>
      `  ${colors.red(`feature ${ordinal}: ${printable(code)}`)}: ${printable(reason)}\n`,
  );
  return head + fields(from, colors) + unmapped + features + refused.join('');
}

function crsWords(crs: string | undefined): string {
  if (crs === undefined) return 'no coordinate reference system';
  return crs.length > 40 ? `${printable(crs.slice(0, 40))}…` : printable(crs);
}

function featureText(feature: Feature, colors: Colors): string {
  const { ordinal, featureId, place } = feature;
  const rows: (readonly [string, string | undefined])[] = [
    ['service', feature.service === undefined ? undefined : serviceWords(feature.service)],
    ['level', feature.level?.toString()],
    ['street', feature.street === undefined ? undefined : elementWords(feature.street)],
    ['left', feature.left === undefined ? undefined : sideWords(feature.left)],
    ['right', feature.right === undefined ? undefined : sideWords(feature.right)],
    ['civic', feature.civic === undefined ? undefined : elementWords(feature.civic)],
    ['in force', dates(feature)],
    ['place', `${place.type}, ${place.positionCount} positions, ${place.bounds.join(' ')}`],
  ];
  const indented = fields(rows, colors).replace(/^/gm, '  ').trimEnd();
  return `  feature ${ordinal} ${printable(featureId)}\n${indented}\n`;
}

function serviceWords({ displayName, serviceUrn, serviceUri }: NonNullable<Feature['service']>): string {
  return printable(`${displayName}, ${serviceUrn}, ${serviceUri}`);
}

function elementWords(elements: Readonly<Record<string, string>>): string {
  return Object.entries(elements)
    .map(([name, value]) => printable(`${name}=${value}`))
    .join(' ');
}

function sideWords({ from, to, parity, numberPrefix, civic }: NonNullable<Feature['left']>): string {
  const range = parity === 'none' ? 'no addresses' : `${numberPrefix ?? ''}${from} to ${to} ${parity}`;
  return `${printable(range)}; ${elementWords(civic)}`;
}

function dates({ effective, expire }: Feature): string | undefined {
  if (effective === undefined && expire === undefined) return undefined;
  return `${effective ?? 'always'} to ${expire ?? 'further notice'}`;
}

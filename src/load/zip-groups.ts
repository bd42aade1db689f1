import type { ZipMember } from './zip.ts';

/** Files of a zip file that belong together. */
export type FileGroup =
  /** A file that stands for itself; its content says what it is. */
  | { readonly kind: 'file'; readonly path: string; readonly member: ZipMember }
  | {
      readonly kind: 'shapefile';
      readonly path: string;
      readonly shp: ZipMember | undefined;
      readonly dbf: ZipMember | undefined;
      readonly prj: ZipMember | undefined;
      readonly cpg: ZipMember | undefined;
    }
  /** Files that ogr2ogr needs beside each other, by names without folders; `main` undefined: the folder itself is what it reads. */
  | {
      readonly kind: 'folder';
      readonly path: string;
      readonly main: string | undefined;
      readonly members: readonly { readonly name: string; readonly member: ZipMember }[];
    };

/** Files that are of no use by themselves: parts of shapefiles, styles, notes, pictures, what systems leave behind. */
const passedOver =
  /\.(?:shx|sbn|sbx|qix|qpj|qmd|qml|sld|lyr|lyrx|lock|atx|ain|aih|ixs|mxs|fbn|fbx|xml|txt|md|pdf|html?|docx?|xlsx?|png|jpe?g|gif|tiff?|mxd|aprx|log|exe|dll)$/i;
const hidden = /(?:^|\/)(?:__MACOSX\/|\.|Thumbs\.db$|desktop\.ini$)/i;

/** Puts the files of a zip file into groups, in the order of their first files. */
export function groupMembers(members: readonly ZipMember[]): readonly FileGroup[] {
  const groups = new Map<string, FileGroup>();
  for (const member of members) {
    const { path } = member;
    if (hidden.test(path)) continue;
    const geodatabase = geodatabaseOf(path);
    if (geodatabase !== undefined) {
      addToFolder(groups, geodatabase, undefined, member);
      continue;
    }
    const [, base = path, ending = ''] = /^(.*)\.([a-z0-9]+)$/i.exec(path) ?? [];
    const kind = ending.toLowerCase();
    if (kind === 'shp' || kind === 'dbf' || kind === 'prj' || kind === 'cpg') {
      addToShapefile(groups, base, kind, member);
    } else if (kind === 'tab' || kind === 'dat' || kind === 'map' || kind === 'id' || kind === 'ind') {
      addToFolder(groups, `${base}.tab`, `${nameOf(base)}.tab`, member);
    } else if (kind === 'mif' || kind === 'mid') {
      addToFolder(groups, `${base}.mif`, `${nameOf(base)}.mif`, member);
    } else if (!passedOver.test(path)) {
      groups.set(`file ${path}`, { kind: 'file', path, member });
    }
  }
  return [...groups.values()].filter(isWhole);
}

/** The folder of a File Geodatabase that a file lies in: by its ending, or by the tables in a zip file of its content alone. */
function geodatabaseOf(path: string): string | undefined {
  const inFolder = /^(.*?[^/]*\.gdb)\/[^/]+$/i.exec(path)?.[1];
  if (inFolder !== undefined) return inFolder;
  const isPart = /(?:^|\/)(?:a[0-9a-f]{8}\.(?:gdb[a-z]+|[A-Za-z_]+\.(?:atx|spx))|gdb|timestamps)$/i.test(
    path,
  );
  if (!isPart) return undefined;
  const folder = path.split('/').slice(0, -1).join('/');
  return folder === '' ? 'geodatabase.gdb' : `${folder}.gdb`;
}

function addToFolder(
  groups: Map<string, FileGroup>,
  path: string,
  main: string | undefined,
  member: ZipMember,
): void {
  const key = `folder ${path.toLowerCase()}`;
  const before = groups.get(key);
  const members = before?.kind === 'folder' ? before.members : [];
  // MapInfo's files find each other by one name, in any case; ours are in lower case at the end.
  const [, base = '', ending = ''] = /^(.*)\.([^.]+)$/.exec(nameOf(member.path)) ?? ['', nameOf(member.path)];
  const name = main === undefined ? nameOf(member.path) : `${base}.${ending.toLowerCase()}`;
  groups.set(key, { kind: 'folder', path, main, members: [...members, { name, member }] });
}

function addToShapefile(
  groups: Map<string, FileGroup>,
  base: string,
  part: 'shp' | 'dbf' | 'prj' | 'cpg',
  member: ZipMember,
): void {
  const key = `shapefile ${base.toLowerCase()}`;
  const before = groups.get(key);
  const parts =
    before?.kind === 'shapefile'
      ? before
      : { shp: undefined, dbf: undefined, prj: undefined, cpg: undefined };
  groups.set(key, { ...parts, kind: 'shapefile', path: `${base}.shp`, [part]: member });
}

/** A table or a definition alone is no shapefile that lacks its shapes, but a file beside the others. */
function isWhole(group: FileGroup): boolean {
  if (group.kind === 'shapefile') return group.shp !== undefined;
  if (group.kind === 'folder' && group.main !== undefined) {
    return group.members.some(({ name }) => name.toLowerCase() === group.main?.toLowerCase());
  }
  return true;
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}

/** What a file is by its first bytes. */
export type FileFormat =
  | 'empty'
  | 'json'
  | 'gzip'
  | 'zip'
  | 'sqlite'
  | 'shapefile'
  /** Of a format that GDAL reads. */
  | 'foreign'
  | 'unknown';

/** How many bytes are looked at. */
export const sniffedBytes = 4096;

/** Tells a file's format from its first bytes, whatever its name. */
export function sniff(head: Uint8Array): FileFormat {
  if (head.length === 0) return 'empty';
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.startsWith('PK\u0003\u0004') || text.startsWith('PK\u0005\u0006')) return 'zip';
  if (text.startsWith('SQLite format 3\u0000')) return 'sqlite';
  if (text.startsWith('\u001f\u008b')) return 'gzip';
  if (text.startsWith('\u0000\u0000\u0027\u000a')) return 'shapefile';
  if (/^fgb[\u0000-\u0009]fgb/.test(text)) return 'foreign';
  const start = text.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  if (start === '') return text.trim() === '' ? 'empty' : 'unknown';
  // Lists and other JSON go to the reader of GeoJSON, which says what is wrong with them.
  if (/^[{\u001e]/.test(start) || /^\[\s*[[{\]"0-9]/.test(start)) return 'json';
  if (start.startsWith('<') && /<(?:[a-z]+:)?(?:kml|FeatureCollection|gpx)\b/i.test(start)) return 'foreign';
  if (/^!table\b/i.test(start) || /^version\s+[0-9]+\s/i.test(start)) return 'foreign';
  return 'unknown';
}

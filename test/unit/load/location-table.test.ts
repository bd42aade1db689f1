import { describe, expect, it } from 'vitest';
import type { LocationTableName, SourceTableRow } from '../../../src/esrp/index.ts';
import { defaultLocationTableLimits, readLocationTable } from '../../../src/load/index.ts';

async function read(
  source: string | Uint8Array,
  options: {
    readonly table?: LocationTableName;
    readonly chunkBytes?: number;
    readonly rowBytesMax?: number;
  } = {},
): Promise<readonly SourceTableRow[]> {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  const step = options.chunkBytes ?? bytes.length + 1;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  const limits =
    options.rowBytesMax === undefined ? defaultLocationTableLimits : { rowBytesMax: options.rowBytesMax };
  const rows: SourceTableRow[] = [];
  for await (const row of readLocationTable(chunks(), { table: options.table ?? 'number', limits })) {
    rows.push(row);
  }
  return rows;
}

const point = { kind: 'point', position: { lon: -95.37, lat: 29.76 } };

describe('a location table in CSV', () => {
  it('becomes points, circles and addresses, by the columns of its header', async () => {
    const text = [
      'key,lat,lon,radiusM,country,A1,A3,RD,HNO',
      '+1 (555) 123-0100,29.76,-95.37,,,,,,',
      '+1555123*,29.76,-95.37,250.5,us,TX,"Houston, ""Heights""",,',
      'tel:+15551230102,,,,US,TX,Houston,Main  Street,7',
    ].join('\n');
    expect(await read(text)).toEqual([
      { kind: 'row', line: 2, location: { key: '+15551230100', shape: point, civic: undefined } },
      {
        kind: 'row',
        line: 3,
        location: {
          key: '+1555123*',
          shape: { kind: 'circle', center: point.position, radiusM: 250.5 },
          civic: {
            country: 'US',
            elements: new Map([
              ['A1', 'TX'],
              ['A3', 'Houston, "Heights"'],
            ]),
            language: undefined,
          },
        },
      },
      {
        kind: 'row',
        line: 4,
        location: {
          key: '+15551230102',
          shape: undefined,
          civic: {
            country: 'US',
            elements: new Map([
              ['A1', 'TX'],
              ['A3', 'Houston'],
              ['RD', 'Main Street'],
              ['HNO', '7'],
            ]),
            language: undefined,
          },
        },
      },
    ]);
  });

  const plain = 'key,lat,lon\n+15551230100,29.76,-95.37\n';
  for (const [name, text] of [
    ['a byte order mark', `\uFEFF${plain}`],
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['no line end at the end', plain.trimEnd()],
    ['empty lines', plain.replaceAll('\n', '\n\n')],
    ['every field quoted', 'key,lat,lon\n"+15551230100","29.76","-95.37"\n'],
    ['a quoted header', plain.replace('key,lat,lon', '"key","lat","lon"')],
    ['semicolons', plain.replaceAll(',', ';')],
    ['tabs', plain.replaceAll(',', '\t')],
    ['other names of columns, in any case', plain.replace('key,lat,lon', 'Key,Latitude,LNG')],
    ['columns in another order', 'lon,key,lat\n-95.37,+15551230100,29.76\n'],
  ] as const) {
    it(`is read with ${name}`, async () => {
      const rows = await read(text);
      expect(rows).toMatchObject([{ kind: 'row', location: { key: '+15551230100', shape: point } }]);
    });
  }

  it('is the same whatever pieces it comes in', async () => {
    const text = '\uFEFFkey,lat,lon,A3\r\n+15551230100,1,2,"Mün\r\nchen"\r\n+15551230101,3,4,Köln\r\n';
    const whole = await read(text);
    expect(whole).toHaveLength(2);
    for (let chunkBytes = 1; chunkBytes < 20; chunkBytes += 1) {
      expect(await read(text, { chunkBytes })).toEqual(whole);
    }
  });

  it('takes the keys of cells as access networks name them', async () => {
    const rows = await read('key,lat,lon\n3GPP:00101A2B3C4D5E6F,1,2\nwlan:00-11-22-AA-BB-CC,1,2\n', {
      table: 'cell',
    });
    expect(rows).toMatchObject([
      { location: { key: '3gpp:00101a2b3c4d5e6f' } },
      { location: { key: 'wlan:00:11:22:aa:bb:cc' } },
    ]);
  });

  for (const [name, row, column, code] of [
    ['no key', ',1,2,,', 'key', 'load.keyInvalid'],
    ['a number without country code', '5551230100,1,2,,', 'key', 'load.keyInvalid'],
    ['a number that a spreadsheet spoilt', '1.55512E+10,1,2,,', 'key', 'load.keyInvalid'],
    ['a decimal comma', '+15551230100,"1,5",2,,', 'lat', 'load.positionMalformed'],
    ['degrees and minutes', '+15551230100,1°30′,2,,', 'lat', 'load.positionMalformed'],
    ['a latitude over 90', '+15551230100,91,2,,', 'lat', 'load.positionOutOfRange'],
    ['a longitude over 180', '+15551230100,1,-180.5,,', 'lon', 'load.positionOutOfRange'],
    ['a latitude alone', '+15551230100,1,,,', 'lon', 'load.positionMalformed'],
    ['a radius below zero', '+15551230100,1,2,-5,', 'radiusM', 'load.radiusInvalid'],
    ['a radius alone', '+15551230100,,,5,', 'radiusM', 'load.radiusInvalid'],
    ['no place', '+15551230100,,,,', undefined, 'load.placeMissing'],
    ['an address with control characters', '+15551230100,,,,a\u0007b', 'A1', 'load.civicInvalid'],
    ['a field too many', '+15551230100,1,2,,,', undefined, 'load.columnCount'],
    ['a field too few', '+15551230100,1,2', undefined, 'load.columnCount'],
  ] as const) {
    it(`names line and column of a row with ${name}, and reads on`, async () => {
      const rows = await read(`key,lat,lon,radiusM,A1\n+15551230109,1,2,,\n${row}\n+15551230110,1,2,,\n`);
      expect(rows.map(({ kind }) => kind)).toEqual(['row', 'refused', 'row']);
      expect(rows[1]).toMatchObject({ refused: { line: 3, column, code } });
      expect(rows[1]?.kind === 'refused' && rows[1].refused.reason.length).toBeGreaterThan(8);
    });
  }

  it('says that a row is not UTF-8', async () => {
    const rows = await read(Buffer.from('key,lat,lon,A3\n+15551230100,1,2,M\u00fcnchen\n', 'latin1'));
    expect(rows).toMatchObject([{ refused: { line: 2, column: 'A3', code: 'load.notUtf8' } }]);
  });

  it('skips a row with a quote inside of a field, and reads on', async () => {
    const rows = await read('key,lat,lon,A3\n+15551230100,1,2,a"b\n+15551230101,1,2,c\n');
    expect(rows).toMatchObject([
      { kind: 'refused', refused: { line: 2, code: 'load.csvBroken' } },
      { kind: 'row', line: 3 },
    ]);
  });

  it('ends at a quote that never closes', async () => {
    const rows = await read(
      'key,lat,lon,A3\n+15551230100,1,2,ok\n+15551230101,1,2,"open\n+15551230102,1,2,x\n',
    );
    expect(rows).toMatchObject([{ kind: 'row' }, { refused: { code: 'load.csvBroken' } }]);
  });

  it('ends at a row over the limit, however long it goes on', async () => {
    const rows = await read(`key,lat,lon,A3\n+15551230100,1,2,"${'x'.repeat(5_000)}`, {
      rowBytesMax: 1_000,
      chunkBytes: 100,
    });
    expect(rows).toMatchObject([{ refused: { code: 'load.csvBroken' } }]);
    expect(await read('k'.repeat(5_000), { rowBytesMax: 1_000, chunkBytes: 100 })).toMatchObject([
      { refused: { line: 1, code: 'load.headerInvalid' } },
    ]);
  });

  for (const [name, header, column] of [
    ['no key', 'number,lat,lon', 'number'],
    ['a mistyped column', 'key,latt,lon', 'latt'],
    ['a column twice', 'key,lat,lon,lat', 'lat'],
    ['a latitude alone', 'key,lat', 'lon'],
    ['a radius without a position', 'key,radiusM,A1', 'radiusM'],
    ['no place', 'key,country', undefined],
    ['no names at all', '+15551230100,1,2', '+15551230100'],
  ] as const) {
    it(`is refused for a header with ${name}`, async () => {
      const rows = await read(`${header}\n+15551230100,1,2\n`);
      expect(rows.every(({ kind }) => kind === 'refused')).toBe(true);
      expect(rows.map((row) => (row.kind === 'refused' ? row.refused.column : ''))).toContain(column);
    });
  }

  it('hands on the failure of its source', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('key,lat,lon\n+15551230100,1,2\n');
      throw new Error('the connection ended');
    }
    const reading = async () => {
      for await (const _row of readLocationTable(broken(), {
        table: 'number',
        limits: defaultLocationTableLimits,
      }));
    };
    await expect(reading()).rejects.toThrow('the connection ended');
  });

  it('takes fifty thousand rows', async () => {
    async function* many(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('key,lat,lon\n');
      for (let i = 0; i < 50; i += 1) {
        const lines = Array.from({ length: 1_000 }, (_, row) => `+1555${1_000_000 + i * 1_000 + row},1,2`);
        yield Buffer.from(`${lines.join('\n')}\n`);
      }
    }
    let count = 0;
    for await (const row of readLocationTable(many(), {
      table: 'number',
      limits: defaultLocationTableLimits,
    })) {
      if (row.kind === 'row') count += 1;
    }
    expect(count).toBe(50_000);
  });
});

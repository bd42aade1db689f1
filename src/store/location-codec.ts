import { wallMs } from '../base/index.ts';
import type { LocationTableInfo, StoredTableLocation, TableLocation } from '../esrp/index.ts';

// Rows of the location tables as JSON has them: null where the core says undefined, an object where it has a Map.

interface CivicJson {
  readonly country?: string;
  readonly language?: string;
  readonly elements: Readonly<Record<string, string>>;
}

export interface TableLocationJson {
  readonly key: string;
  readonly shape: TableLocation['shape'] | null;
  readonly civic: CivicJson | null;
}

export interface StoredTableLocationJson extends TableLocationJson {
  readonly updatedAt: number;
}

export interface LocationTableJson {
  readonly name: string;
  readonly rowCount: number;
  readonly updatedAt: number | null;
  readonly updatedBy: string | null;
  readonly source: string | null;
  readonly isLoading: boolean;
}

export function encodeTableLocation({ key, shape, civic }: TableLocation): TableLocationJson {
  if (civic === undefined) return { key, shape: shape ?? null, civic: null };
  const { country, language, elements } = civic;
  const named = {
    ...(country === undefined ? {} : { country }),
    ...(language === undefined ? {} : { language }),
  };
  return { key, shape: shape ?? null, civic: { ...named, elements: Object.fromEntries(elements) } };
}

export function decodeTableLocation({ key, shape, civic }: TableLocationJson): TableLocation {
  return {
    key,
    shape: shape ?? undefined,
    civic:
      civic === null
        ? undefined
        : {
            country: civic.country,
            elements: new Map(Object.entries(civic.elements)),
            language: civic.language,
          },
  };
}

export function decodeStoredTableLocation(json: StoredTableLocationJson): StoredTableLocation {
  return { ...decodeTableLocation(json), updatedAt: wallMs(json.updatedAt) };
}

export function decodeLocationTable(json: LocationTableJson): LocationTableInfo {
  return {
    name: json.name as LocationTableInfo['name'],
    rowCount: json.rowCount,
    updatedAt: json.updatedAt === null ? undefined : wallMs(json.updatedAt),
    updatedBy: json.updatedBy ?? undefined,
    source: json.source ?? undefined,
    isLoading: json.isLoading,
  };
}

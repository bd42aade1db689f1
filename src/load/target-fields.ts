import type { NenaLayer } from './layer-names.ts';

// The fields of each layer by their names in NENA's GIS data model version 3, with the names that they are looked for under:
// version 3 first, then version 2, then plain names of our own. Fields that nothing here uses are known too, so that a preview
// tells them from fields that nobody knows.

/** Names under which a field is looked for, lower case, the first that has a value taken. */
export type FieldNames = readonly string[];

const common: Readonly<Record<string, FieldNames>> = {
  NGUID: ['nguid'],
  DiscrpAgID: ['discrpagid', 'srcofdata'],
  DateUpdate: ['dateupdate'],
  Effective: ['effective'],
  Expire: ['expire'],
};

const service: Readonly<Record<string, FieldNames>> = {
  ...common,
  NGUID: ['nguid', 'es_nguid', 'id'],
  Agency_ID: ['agency_id', 'agencyid'],
  ServiceURI: ['serviceuri', 'service_uri', 'uri'],
  ServiceURN: ['serviceurn', 'service_urn', 'urn'],
  ServiceNum: ['servicenum', 'service_number', 'number'],
  AVcard_URI: ['avcard_uri', 'avcarduri'],
  DsplayName: ['dsplayname', 'displayname', 'display_name', 'name'],
  Country: ['country'],
  A1: ['a1', 'state'],
  A2: ['a2', 'county'],
  A3: ['a3', 'incmuni', 'inc_muni'],
  Priority: ['priority'],
};

const areaNames: Readonly<Record<string, FieldNames>> = {
  Country: ['country'],
  A1: ['a1', 'state'],
  A2: ['a2', 'county'],
  A3: ['a3', 'inc_muni', 'incmuni'],
  A4: ['a4', 'uninc_comm', 'uninccomm'],
  A5: ['a5', 'nbrhd_comm', 'nbrhdcomm'],
  AddCode: ['addcode'],
};

const area: Readonly<Record<string, FieldNames>> = {
  ...common,
  NGUID: ['nguid', 'statenguid', 'cntynguid', 'incm_nguid', 'unincnguid', 'nbrhdnguid', 'id'],
  ...areaNames,
};

const street: Readonly<Record<string, FieldNames>> = {
  St_PreMod: ['st_premod'],
  St_PreDir: ['st_predir'],
  St_PreTyp: ['st_pretyp'],
  St_PreSep: ['st_presep'],
  St_Name: ['st_name'],
  St_PosTyp: ['st_postyp'],
  St_PosDir: ['st_posdir'],
  St_PosMod: ['st_posmod'],
};

const road: Readonly<Record<string, FieldNames>> = {
  ...common,
  NGUID: ['nguid', 'rcl_nguid', 'id'],
  ...street,
  ...side('L'),
  ...side('R'),
};

function side(letter: 'L' | 'R'): Readonly<Record<string, FieldNames>> {
  const end = letter.toLowerCase();
  return {
    [`AdNumPre_${letter}`]: [`adnumpre_${end}`],
    [`FromAddr_${letter}`]: [`fromaddr_${end}`],
    [`ToAddr_${letter}`]: [`toaddr_${end}`],
    [`Parity_${letter}`]: [`parity_${end}`],
    [`Country_${letter}`]: [`country_${end}`],
    [`A1_${letter}`]: [`a1_${end}`, `state_${end}`],
    [`A2_${letter}`]: [`a2_${end}`, `county_${end}`],
    [`A3_${letter}`]: [`a3_${end}`, `incmuni_${end}`],
    [`A4_${letter}`]: [`a4_${end}`, `uninccom_${end}`],
    [`A5_${letter}`]: [`a5_${end}`, `nbrhdcom_${end}`],
    [`AddCode_${letter}`]: [`addcode_${end}`],
    [`PostComm_${letter}`]: [`postcomm_${end}`],
    [`PostCode_${letter}`]: [`postcode_${end}`],
    [`Valid_${letter}`]: [`valid_${end}`],
  };
}

const address: Readonly<Record<string, FieldNames>> = {
  ...common,
  NGUID: ['nguid', 'site_nguid', 'id'],
  ...areaNames,
  AddNum_Pre: ['addnum_pre'],
  Add_Number: ['add_number'],
  AddNum_Suf: ['addnum_suf'],
  AddNum_Cmp: ['addnum_cmp'],
  DistMarker: ['distmarker', 'mile_post'],
  ...street,
  Post_Comm: ['post_comm'],
  Post_Code: ['post_code'],
  PostCodeEx: ['postcodeex', 'post_code4'],
  Site: ['site'],
  SubSite: ['subsite'],
  Structure: ['structure', 'building'],
  Wing: ['wing'],
  Floor: ['floor'],
  UnitPreTyp: ['unitpretyp'],
  UnitValue: ['unitvalue'],
  Unit: ['unit'],
  Room: ['room'],
  Section: ['section'],
  Row: ['row', 'row_'],
  Seat: ['seat'],
  LocMarker: ['locmarker', 'landmkname'],
  Addtl_Loc: ['addtl_loc'],
  Place_Type: ['place_type'],
  Longitude: ['longitude', 'long'],
  Latitude: ['latitude', 'lat'],
};

/** The fields of each layer that are read, by their names in version 3 of the data model. */
export const targetFields: Readonly<Record<NenaLayer, Readonly<Record<string, FieldNames>>>> = {
  PsapPolygon: service,
  PolicePolygon: service,
  FirePolygon: service,
  EmsPolygon: service,
  ServiceBoundaryPolygon: service,
  ProvisioningPolygon: { ...common, NGUID: ['nguid', 'pb_nguid', 'auth_nguid', 'id'] },
  A1Polygon: area,
  A2Polygon: area,
  A3Polygon: area,
  A4Polygon: area,
  A5Polygon: area,
  RoadCenterLine: road,
  SiteStructureAddressPoint: address,
};

/** Fields of the data model that are kept nowhere here, lower case, both sides' names without their ending. */
const notKept = new Set([
  ...['dir_travel', 'lst_predir', 'lst_name', 'lst_typ', 'lst_type', 'lst_posdir', 'esn', 'msagcomm'],
  ...['lcntyid', 'lcountyid', 'roadclass', 'oneway', 'speedlimit', 'floorindex', 'adddatauri', 'placement'],
  ...['elevation', 'elev', 'altitude', 'height', 'state'],
]);

/** Fields that geographic information systems add by themselves. */
const ofTheSystem = new Set([
  ...['objectid', 'fid', 'shape', 'shape_length', 'shape_area', 'shape_leng', 'globalid', 'geom', 'ogc_fid'],
]);

/** Whether a field is of the data model, or of the system that wrote it, and is left out on purpose. */
export function isKnownField(field: string): boolean {
  const name = field.toLowerCase();
  return notKept.has(name) || notKept.has(name.replace(/_[lr]$/, '')) || ofTheSystem.has(name);
}

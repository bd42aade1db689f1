// The fields of each layer that is loaded, by NENA-STA-006.3, and of version 2 where it differs.

/** Version 3. */
export const fieldsOfVersion3: Readonly<Record<string, string>> = {
  RoadCenterLine:
    'DiscrpAgID DateUpdate Effective Expire NGUID AdNumPre_L AdNumPre_R FromAddr_L ToAddr_L FromAddr_R ToAddr_R Parity_L Parity_R St_PreMod St_PreDir St_PreTyp St_PreSep St_Name St_PosTyp St_PosDir St_PosMod Dir_Travel LSt_PreDir LSt_Name LSt_Typ LSt_PosDir ESN_L ESN_R MSAGComm_L MSAGComm_R LCntyID_L LCntyID_R Country_L Country_R A1_L A1_R A2_L A2_R AddCode_L AddCode_R A3_L A3_R A4_L A4_R A5_L A5_R PostCode_L PostCode_R PostComm_L PostComm_R RoadClass OneWay SpeedLimit Valid_L Valid_R',
  SiteStructureAddressPoint:
    'DiscrpAgID DateUpdate Effective Expire NGUID Country A1 A2 AddCode A3 A4 A5 AddNum_Pre Add_Number AddNum_Suf AddNum_Cmp DistMarker St_PreMod St_PreDir St_PreTyp St_PreSep St_Name St_PosTyp St_PosDir St_PosMod Dir_Travel LSt_PreDir LSt_Name LSt_Typ LSt_PosDir ESN MSAGComm LCountyID Post_Comm Post_Code PostCodeEx Site SubSite Structure Floor FloorIndex Wing Unit UnitPreTyp UnitValue Section Row Room Seat LocMarker Addtl_Loc AddDataURI Place_Type Placement Longitude Latitude Elevation Altitude Height',
  PsapPolygon:
    'DiscrpAgID DateUpdate Effective Expire NGUID Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  PolicePolygon:
    'DiscrpAgID DateUpdate Effective Expire NGUID Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  FirePolygon:
    'DiscrpAgID DateUpdate Effective Expire NGUID Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  EmsPolygon:
    'DiscrpAgID DateUpdate Effective Expire NGUID Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  ServiceBoundaryPolygon:
    'DiscrpAgID DateUpdate Effective Expire NGUID Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  ProvisioningPolygon: 'DiscrpAgID DateUpdate Effective Expire NGUID',
  A1Polygon: 'DiscrpAgID DateUpdate Effective Expire NGUID Country A1',
  A2Polygon: 'DiscrpAgID DateUpdate Effective Expire NGUID Country A1 A2 AddCode',
  A3Polygon: 'DiscrpAgID DateUpdate Effective Expire NGUID Country A1 A2 AddCode A3',
  A4Polygon: 'DiscrpAgID DateUpdate Effective Expire NGUID Country A1 A2 AddCode A3 A4',
  A5Polygon: 'DiscrpAgID DateUpdate Effective Expire NGUID Country A1 A2 A3 A4 A5',
};

/** Version 2, by the name of the layer there: what it is in version 3, and its fields. */
export const fieldsOfVersion2: Readonly<Record<string, readonly [layer: string, fields: string]>> = {
  RoadCenterlines: [
    'RoadCenterLine',
    'DiscrpAgID DateUpdate Effective Expire RCL_NGUID AdNumPre_L AdNumPre_R FromAddr_L ToAddr_L FromAddr_R ToAddr_R Parity_L Parity_R St_PreMod St_PreDir St_PreTyp St_PreSep St_Name St_PosTyp St_PosDir St_PosMod LSt_PreDir LSt_Name LSt_Type LSt_PosDir ESN_L ESN_R MSAGComm_L MSAGComm_R Country_L Country_R State_L State_R County_L County_R AddCode_L AddCode_R IncMuni_L IncMuni_R UnincCom_L UnincCom_R NbrhdCom_L NbrhdCom_R PostCode_L PostCode_R PostComm_L PostComm_R RoadClass OneWay SpeedLimit Valid_L Valid_R',
  ],
  SiteStructureAddressPoints: [
    'SiteStructureAddressPoint',
    'DiscrpAgID DateUpdate Effective Expire Site_NGUID Country State County AddCode AddDataURI Inc_Muni Uninc_Comm Nbrhd_Comm AddNum_Pre Add_Number AddNum_Suf St_PreMod St_PreDir St_PreTyp St_PreSep St_Name St_PosTyp St_PosDir St_PosMod LSt_PreDir LSt_Name LSt_Type LSt_PosDir ESN MSAGComm Post_Comm Post_Code Post_Code4 Building Floor Unit Room Seat Addtl_Loc LandmkName Mile_Post Place_Type Placement Long Lat Elev',
  ],
  PSAPBoundary: [
    'PsapPolygon',
    'DiscrpAgID DateUpdate Effective Expire ES_NGUID State Agency_ID ServiceURI ServiceURN ServiceNum AVcard_URI DsplayName',
  ],
  LawEnforcementBoundary: [
    'PolicePolygon',
    'SrcOfData DateUpdate ES_NGUID State Agency_ID ServiceURI ServiceURN',
  ],
  FireBoundary: ['FirePolygon', 'DiscrpAgID DateUpdate ES_NGUID State Agency_ID ServiceURI'],
  EmergencyMedicalServicesBoundary: [
    'EmsPolygon',
    'DiscrpAgID DateUpdate ES_NGUID State Agency_ID ServiceURI',
  ],
  ProvisioningBoundary: ['ProvisioningPolygon', 'DiscrpAgID DateUpdate Effective Expire PB_NGUID'],
  StateBoundary: ['A1Polygon', 'DiscrpAgID DateUpdate Effective Expire StateNGUID Country State'],
  CountyBoundary: ['A2Polygon', 'DiscrpAgID DateUpdate Effective Expire CntyNGUID Country State County'],
  IncorporatedMunicipalityBoundary: [
    'A3Polygon',
    'DiscrpAgID DateUpdate Effective Expire IncM_NGUID Country State County AddCode Inc_Muni',
  ],
  UnincorporatedCommunityBoundary: [
    'A4Polygon',
    'DiscrpAgID DateUpdate Effective Expire UnincNGUID Country State County AddCode Uninc_Comm',
  ],
  NeighborhoodCommunityBoundary: [
    'A5Polygon',
    'DiscrpAgID DateUpdate Effective Expire NbrhdNGUID Country State County AddCode Inc_Muni Uninc_Comm Nbrhd_Comm',
  ],
};

// Examples of the API document. A test holds each to its schema.

/** What a validation says. */
export const validationExample = {
  datasetId: 1,
  valid: ['country', 'A1', 'A2', 'A3', 'RD', 'STS'],
  invalid: ['HNO'],
  unchecked: ['UNIT'],
  similar: [{ country: 'US', A1: 'TX', A2: 'Harris', A3: 'Houston', RD: 'Main', STS: 'Street', HNO: '1003' }],
  changesAt: '2026-07-01T00:00:00.000Z',
};

/** A location document with a civic address. */
export const civicPidfExample = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:caller@example.com">
  <tuple id="a"><status><gp:geopriv><gp:location-info>
    <ca:civicAddress><ca:country>US</ca:country><ca:A1>TX</ca:A1><ca:A3>Houston</ca:A3><ca:RD>Main</ca:RD>
      <ca:STS>St</ca:STS><ca:HNO>1001</ca:HNO></ca:civicAddress>
  </gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple>
</presence>
`;

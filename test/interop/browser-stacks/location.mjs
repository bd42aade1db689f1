// The location of a caller, as a script that knows it from the browser's Geolocation API can send it (RFC 6442 §4.1).

const boundary = 'firstline-browser';
const contentId = 'here@browser.example.org';

/** The headers that point to the location in the body. */
export const locationHeaders = [`Geolocation: <cid:${contentId}>`, 'Geolocation-Routing: yes'];

/** A session description and a PIDF-LO document in one body (RFC 5621 §3.1). */
export function withLocation(sdp, { lat, lon }) {
  const parts = [
    ['Content-Type: application/sdp', sdp],
    [`Content-Type: application/pidf+xml\r\nContent-ID: <${contentId}>`, document(lat, lon)],
  ];
  const written = parts.map(([head, body]) => `--${boundary}\r\n${head}\r\n\r\n${body}\r\n`);
  return {
    contentType: `multipart/mixed;boundary="${boundary}"`,
    body: `${written.join('')}--${boundary}--\r\n`,
  };
}

function document(lat, lon) {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"',
    ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"',
    ' xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:caller@browser.example.org">',
    '<dm:device id="browser"><gp:geopriv><gp:location-info>',
    '<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326">',
    `<gml:pos>${lat} ${lon}</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">25</gs:radius></gs:Circle>`,
    '</gp:location-info><gp:usage-rules/><gp:method>Device-Assisted</gp:method></gp:geopriv>',
    '<dm:timestamp>2026-03-01T12:00:00Z</dm:timestamp></dm:device></presence>',
  ].join('\r\n');
}

'use strict';
// A text as the parts that a telephone would send: each {esm_class, data_coding, body or payload, sar}.

const UDHI = 0x40;
const UCS2 = 8;

function ucs2(text) {
  const bytes = Buffer.from(text, 'utf16le');
  return bytes.swap16();
}

function pieces(text, units) {
  const found = [];
  for (let at = 0; at < text.length; at += units) found.push(text.slice(at, at + units));
  return found.length ? found : [''];
}

function partsOf(text, { form = 'udh8', reference = Math.floor(Math.random() * 256), units = 67 } = {}) {
  if (form === 'payload') return [{ esm_class: 0, data_coding: UCS2, payload: ucs2(text) }];
  if (text.length <= 70 && form !== 'sar') return [{ esm_class: 0, data_coding: UCS2, body: ucs2(text) }];
  const cut = pieces(text, form === 'udh16' ? Math.min(units, 66) : units);
  return cut.map((piece, index) => part(piece, index + 1, cut.length, form, reference));
}

function part(piece, position, total, form, reference) {
  const body = ucs2(piece);
  if (form === 'sar') {
    return { esm_class: 0, data_coding: UCS2, body, sar: { reference, total, position } };
  }
  const header = form === 'udh16'
    ? Buffer.from([6, 8, 4, (reference >> 8) & 255, reference & 255, total, position])
    : Buffer.from([5, 0, 3, reference & 255, total, position]);
  return { esm_class: UDHI, data_coding: UCS2, body: Buffer.concat([header, body]) };
}

// The parts in the wanted order: "missing" leaves position n out, "order" is a list of positions, repeats allowed.
function arrange(parts, { order, missing } = {}) {
  const positions = order || parts.map((_part, index) => index + 1);
  return positions.filter((position) => position !== missing).map((position) => parts[position - 1]);
}

module.exports = { partsOf, arrange };

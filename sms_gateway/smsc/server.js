'use strict';
// A real SMPP 3.4 message centre on the npm package `smpp`. Prints its two ports as one line of JSON when it is ready,
// and ends when its standard input closes, so that it never outlives the process that started it.
//   node server.js [--port N] [--control-port N] [--system-id wardline] [--password wardline]
//                  [--tls-key FILE --tls-certificate FILE]

const fs = require('fs');
const http = require('http');
const { parseArgs } = require('util');
const smpp = require('smpp');
const { Behaviour } = require('./behaviour');
const { partsOf, arrange } = require('./texts');

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    'system-id': { type: 'string', default: 'wardline' },
    password: { type: 'string', default: 'wardline' },
    'tls-key': { type: 'string' },
    'tls-certificate': { type: 'string' },
  },
});

const behaviour = new Behaviour();
const submitted = [];         // every submit_sm that was read whole, in order
const waiting = [];           // deliveries that no receiver has acknowledged yet
const receivers = new Set();  // sessions bound as transceiver or receiver
const binds = [];             // every bind attempt, in order
let nextId = 1;
let attempts = 0;             // submits of any outcome
let refused = 0;              // deliveries that the receiver asked to have again later
const MAX_SUBMITTED = 100000; // the list is for tests and the demo; the oldest go first

function issueId() {
  const number = 1000000 + nextId++;
  return { number, response: responseId(number), receipt: receiptId(number) };
}

function responseId(number) {
  const style = behaviour.values.receipt_id;
  if (style === 'hex') return number.toString(16);
  return style === 'zero_padded' ? String(number) : `m${number}`;
}

function receiptId(number) {
  const style = behaviour.values.receipt_id;
  if (style === 'hex') return String(number);
  return style === 'zero_padded' ? String(number).padStart(20, '0') : `m${number}`;
}

function stamp(date) {
  return date.toISOString().replace(/[-:T]/g, '').slice(2, 12);
}

function answer(session, pdu, fields) {
  if (behaviour.values.mute) return;
  const response = pdu.response(fields);
  if (behaviour.values.stray_pdus) {
    session.socket.write(Buffer.from('0000001000000999000000000000ffff', 'hex'));
    session.socket.write(Buffer.from('000000140000000500000000000ffffe41424344', 'hex'));
  }
  const cut = behaviour.values.cut_response_at;
  if (cut >= 0 && pdu.command === 'submit_sm') {
    behaviour.values.cut_response_at = -1;
    session.socket.write(response.toBuffer().subarray(0, cut), () => session.destroy());
    return;
  }
  session.send(response);
}

function receiptOf(entry, ids, date) {
  const { stat, err, receipts } = behaviour.values;
  const states = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
  const text = `id:${ids.receipt} sub:001 dlvrd:001 submit date:${stamp(entry.at)} done date:${stamp(date)} `
    + `stat:${stat} err:${err} text:`;
  const fields = { esm_class: 4, source_addr: entry.to, destination_addr: entry.from, data_coding: 0 };
  if (receipts === 'tlv_only') {
    return { ...fields, receipted_message_id: ids.receipt, message_state: states[stat] || 5 };
  }
  return { ...fields, body: Buffer.from(text, 'latin1') };
}

function deliver(fields, as = 'deliver_sm') {
  waiting.push({ fields, as, session: null });
  flush();
}

function flush() {
  const session = receivers.values().next().value;
  if (!session) return;
  for (const delivery of waiting) {
    if (delivery.session === null) send(session, delivery);
  }
}

function send(session, delivery) {
  const { body, payload, sar, ...fields } = delivery.fields;
  if (body) {
    if (delivery.as === 'data_sm') fields.message_payload = body;
    else fields.short_message = { message: body };
  }
  if (payload) fields.message_payload = { message: payload };
  if (sar) {
    fields.sar_msg_ref_num = sar.reference;
    fields.sar_total_segments = sar.total;
    fields.sar_segment_seqnum = sar.position;
  }
  if (behaviour.values.vendor_tlvs) Object.assign(fields, { network_error_code: Buffer.from([3, 0, 0]) });
  const pdu = new smpp.PDU(delivery.as, fields);
  delivery.session = session;
  const acknowledged = (response) => {
    delivery.session = null;
    if (response.command_status !== 0) {
      refused += 1;
      return void setTimeout(flush, 300);
    }
    waiting.splice(waiting.indexOf(delivery), 1);
  };
  if (!behaviour.values.vendor_tlvs) return void session.send(pdu, acknowledged);
  // The package cannot write a TLV that it does not know, so the bytes are appended by hand.
  session.sequence += 1;
  pdu.sequence_number = session.sequence;
  session._callbacks[pdu.sequence_number] = acknowledged;
  const tlvs = Buffer.from('14010003616263' + '042000010102100001340005000102', 'hex');
  const bytes = Buffer.concat([pdu.toBuffer(), tlvs]);
  bytes.writeUInt32BE(bytes.length, 0);
  session.socket.write(bytes);
}

function onSubmit(session, pdu) {
  attempts += 1;
  if (behaviour.values.mute) return;
  if (behaviour.isThrottled(Date.now())) return answer(session, pdu, { command_status: smpp.ESME_RTHROTTLED });
  if (behaviour.values.window && session.unanswered >= behaviour.values.window) {
    return answer(session, pdu, { command_status: smpp.ESME_RTHROTTLED });
  }
  const status = behaviour.errorStatus();
  const ids = issueId();
  if (status === 0) remember(pdu, ids);
  if (behaviour.values.drop_after > 0 && behaviour.spend('drop_after') && behaviour.values.drop_after === 0) {
    return session.destroy();
  }
  const early = behaviour.values.receipts === 'before_response';
  if (status === 0 && early) sendReceipt(submitted[submitted.length - 1], ids);
  if (status === 0 && !early) scheduleReceipt(submitted[submitted.length - 1], ids);
  if (behaviour.spend('no_response')) return;
  session.unanswered += 1;
  setTimeout(() => {
    session.unanswered -= 1;
    answer(session, pdu, status ? { command_status: status } : { message_id: ids.response });
  }, behaviour.values.latency_ms + (early ? 30 : 0));
}

function remember(pdu, ids) {
  const { message, udh } = pdu.message_payload || pdu.short_message || {};
  submitted.push({
    id: ids.response,
    at: new Date(),
    from: pdu.source_addr,
    to: pdu.destination_addr,
    text: typeof message === 'string' ? message : Buffer.from(message || '').toString('hex'),
    udh: udh ? Buffer.concat(Array.isArray(udh) ? udh : [udh]).toString('hex') : null,
    sar: pdu.sar_total_segments ? [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] : null,
    has_payload: pdu.message_payload !== undefined,
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
    validity_period: pdu.validity_period,
  });
  if (submitted.length > MAX_SUBMITTED) submitted.shift();
}

function scheduleReceipt(entry, ids) {
  if (behaviour.values.receipts === 'none') return;
  setTimeout(() => {
    sendReceipt(entry, ids);
    if (behaviour.values.receipts === 'twice') sendReceipt(entry, ids);
  }, behaviour.values.receipt_delay_ms);
}

function sendReceipt(entry, ids) {
  deliver(receiptOf(entry, ids, new Date()), behaviour.values.receipt_as);
}

function onBind(session, pdu) {
  const isRight = pdu.system_id === options['system-id'] && pdu.password === options.password;
  const isWelcome = isRight && pdu.command !== behaviour.values.refuse_command;
  const status = behaviour.values.refuse_bind || (isWelcome ? 0 : smpp.ESME_RINVPASWD);
  binds.push({ at: new Date(), command: pdu.command, status });
  if (behaviour.values.mute) return;
  if (status !== 0) {
    session.send(pdu.response({ command_status: status }));
    return;
  }
  session.send(pdu.response({ system_id: 'demo' }));
  if (pdu.command !== 'bind_transmitter') {
    receivers.add(session);
    flush();
  }
}

const security = options['tls-key']
  ? { key: fs.readFileSync(options['tls-key']), cert: fs.readFileSync(options['tls-certificate']) }
  : {};
const server = smpp.createServer(security, (session) => {
  session.unanswered = 0;
  session.on('error', () => session.destroy());
  session.on('close', () => {
    receivers.delete(session);
    for (const delivery of waiting) if (delivery.session === session) delivery.session = null;
    flush();
  });
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => onBind(session, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => answer(session, pdu));
  session.on('unbind', (pdu) => {
    receivers.delete(session);
    session.send(pdu.response(), () => session.close());
  });
  session.on('unknown', (pdu) => session.send(pdu.response()));
});

const actions = {
  'POST /mo': ({ from, to = '', text, ...how }) => {
    const parts = arrange(partsOf(text, how), how);
    for (const part of parts) deliver({ source_addr: from, destination_addr: to, ...part }, how.as);
    return { parts: parts.length };
  },
  'POST /raw': ({ hex }) => {
    for (const session of server.sessions) session.socket.write(Buffer.from(hex, 'hex'));
    return { sessions: server.sessions.length };
  },
  'POST /unbind': () => {
    for (const session of server.sessions) session.unbind(() => session.close());
    return {};
  },
  'POST /drop': () => {
    for (const session of [...server.sessions]) session.destroy();
    return {};
  },
  'POST /reset': () => {
    for (const session of [...server.sessions]) session.destroy();
    for (const list of [submitted, waiting, binds]) list.length = 0;
    attempts = 0;
    refused = 0;
    return behaviour.change({ reset: true });
  },
  'POST /behave': (changes) => behaviour.change(changes),
  'GET /submitted': () => submitted,
  'GET /state': () => ({ receivers: receivers.size, waiting: waiting.length, submitted: submitted.length, attempts, refused, binds }),
};

const control = http.createServer((request, reply) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const action = actions[`${request.method} ${request.url}`];
    try {
      const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : {};
      reply.statusCode = action ? 200 : 404;
      reply.setHeader('Content-Type', 'application/json');
      reply.end(JSON.stringify(action ? action(body) : { error: 'no such action' }));
    } catch (error) {
      reply.statusCode = 400;
      reply.end(JSON.stringify({ error: error.message }));
    }
  });
});

function refuse(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

server.on('error', refuse);
control.on('error', refuse);
server.listen(Number(options.port), '127.0.0.1', () => {
  control.listen(Number(options['control-port']), '127.0.0.1', () => {
    const ports = { port: server.address().port, control_port: control.address().port };
    process.stdout.write(`${JSON.stringify(ports)}\n`);
  });
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

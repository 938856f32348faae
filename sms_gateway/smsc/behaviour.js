'use strict';
// How the SMSC treats what it is sent. POST /behave replaces single values; POST /behave {} with "reset": true restores all.

const DEFAULTS = Object.freeze({
  latency_ms: 0,            // before each submit_sm_resp
  window: 0,                // submits that may be unanswered before ESME_RTHROTTLED; 0: any number
  throttle_per_second: 0,   // submits accepted in any one second; 0: any number
  errors: [],               // [{status: 8, share: 0.1, first: 3}]: a share of submits, or the first n, gets this status
  no_response: 0,           // so many of the next submits are taken and never answered
  drop_after: 0,            // the link is dropped after so many more submits, unanswered
  cut_response_at: -1,      // the next response is cut at this byte, then the link is dropped
  refuse_bind: 0,           // status for the next binds, 14 for a wrong password
  refuse_command: '',       // the bind command that is refused with a wrong password: bind_receiver
  mute: false,              // nothing is answered, not even enquire_link
  vendor_tlvs: false,       // unknown and misplaced TLVs on everything that is sent
  stray_pdus: false,        // an unknown command and a malformed PDU before each response
  receipts: 'normal',       // normal, none, before_response, twice, tlv_only
  receipt_id: 'plain',      // plain, hex, zero_padded
  receipt_as: 'deliver_sm', // deliver_sm or data_sm
  receipt_delay_ms: 1000,
  stat: 'DELIVRD',
  err: '000',
});

class Behaviour {
  constructor() {
    this.values = { ...DEFAULTS, errors: [] };
    this.recent = [];
  }

  change(changes) {
    if (changes.reset) this.values = { ...DEFAULTS, errors: [] };
    for (const [name, value] of Object.entries(changes)) {
      if (name === 'reset') continue;
      if (!(name in DEFAULTS)) throw new Error(`unknown behaviour ${name}`);
      this.values[name] = value;
    }
    return this.values;
  }

  // Counts one down and says whether it was there.
  spend(name) {
    if (this.values[name] <= 0) return false;
    this.values[name] -= 1;
    return true;
  }

  isThrottled(now) {
    const limit = this.values.throttle_per_second;
    if (!limit) return false;
    this.recent = this.recent.filter((at) => now - at < 1000);
    if (this.recent.length >= limit) return true;
    this.recent.push(now);
    return false;
  }

  errorStatus() {
    for (const rule of this.values.errors) {
      if (rule.first > 0) {
        rule.first -= 1;
        return rule.status;
      }
      if (rule.share && Math.random() < rule.share) return rule.status;
    }
    return 0;
  }
}

module.exports = { Behaviour };

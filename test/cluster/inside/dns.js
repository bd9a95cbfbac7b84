import { createSocket } from 'node:dgram';

const SUFFIX = '.svc.cluster.local';
const TYPE_A = 1;
const NO_SUCH_NAME = 3;
/** Keeps an answer inside one packet. */
const MOST_ANSWERS = 25;

/**
 * Names of Services, from their endpoints: `<service>.<namespace>` is every ready endpoint, `<host>.<service>.<namespace>`
 * the one of that name. Every Service is answered as if it were headless, because nothing forwards to others; only
 * `kubernetes` has an address of its own.
 */
export function serveNames({ api, address }) {
  const slices = new Map();
  let names = new Map();
  let stale = true;
  const lookup = (name) => {
    if (stale) names = namesOf(slices.values());
    stale = false;
    return name.endsWith(SUFFIX) ? names.get(name.slice(0, -SUFFIX.length)) : undefined;
  };
  const follow = async () => {
    for (;;) {
      slices.clear();
      for await (const { type, object } of api.watch('/apis/discovery.k8s.io/v1/endpointslices')) {
        if (type === 'DELETED') slices.delete(object.metadata.uid);
        else if (object.metadata?.uid) slices.set(object.metadata.uid, object);
        stale = true;
      }
    }
  };
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address: client }) => socket.send(answer(query, lookup), port, client));
  socket.bind(53, address);
  void follow();
} // prettier-ignore

/** Addresses by name. */
function namesOf(slices) {
  const names = new Map([['kubernetes.default', ['10.96.0.1']]]);
  const add = (name, addresses) => names.set(name, [...(names.get(name) ?? []), ...addresses]);
  for (const { metadata, addressType, endpoints } of slices) {
    const service = metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined || addressType !== 'IPv4') continue;
    for (const { conditions, addresses, hostname } of endpoints ?? []) {
      if (conditions?.ready === false) continue;
      add(`${service}.${metadata.namespace}`, addresses);
      if (hostname) add(`${hostname}.${service}.${metadata.namespace}`, addresses);
    }
  }
  return names;
}

/** The answer to one question of RFC 1035. */
function answer(query, lookup) {
  const labels = [];
  let at = 12;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const found = lookup(labels.join('.'));
  const isA = query.readUInt16BE(at + 1) === TYPE_A;
  const records = isA ? (found ?? []).slice(0, MOST_ANSWERS).map(record) : [];
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  const askedFor = query.readUInt16BE(2) & 0x0100;
  head.writeUInt16BE(0x8480 | askedFor | (found === undefined ? NO_SUCH_NAME : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}

/** Name (the question's), type A, class IN, a second to live, four bytes. */
function record(address) {
  return Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
}

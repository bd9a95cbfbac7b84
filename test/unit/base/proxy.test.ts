import { expect, test } from 'vitest';
import { proxyFor } from '../../../src/base/http/proxy.ts';

const at = (address: string) => `https://${address}`;
const PROXY = 'http://proxy.test:3128';

test.each<[string, string, Record<string, string>, string | null]>([
  ['none', 'https://k8s.test:6443', {}, null],
  ['https', 'https://k8s.test:6443', { HTTPS_PROXY: PROXY }, PROXY],
  ['in small letters', 'https://k8s.test:6443', { https_proxy: PROXY }, PROXY],
  ['without a scheme', 'https://k8s.test', { HTTPS_PROXY: 'proxy.test:3128' }, PROXY],
  ['that of http is not for https', 'https://k8s.test', { HTTP_PROXY: PROXY }, null],
  ['http', 'http://k8s.test', { HTTP_PROXY: PROXY }, PROXY],
  ['this machine', 'https://localhost:6443', { HTTPS_PROXY: PROXY }, null],
  ['this machine by number', 'https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, null],
  ['this machine, IPv6', 'https://[::1]:6443', { HTTPS_PROXY: PROXY }, null],
  ['spared by name', 'https://k8s.test', { HTTPS_PROXY: PROXY, NO_PROXY: 'other, k8s.test' }, null],
  ['spared with what is above', 'https://k8s.test', { HTTPS_PROXY: PROXY, no_proxy: 'test' }, null],
  ['a dot: only what is below', 'https://test', { HTTPS_PROXY: PROXY, NO_PROXY: '.test' }, PROXY],
  ['a dot', 'https://k8s.test', { HTTPS_PROXY: PROXY, NO_PROXY: '.test' }, null],
  ['a star', 'https://k8s.test', { HTTPS_PROXY: PROXY, NO_PROXY: '*.test' }, null],
  ['no part of a name', 'https://nottest', { HTTPS_PROXY: PROXY, NO_PROXY: 'test' }, PROXY],
  ['all', 'https://k8s.test', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, null],
  ['a range', at('10.2.3.4:6443'), { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, null],
  ['outside the range', at('11.2.3.4:6443'), { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, PROXY],
  ['a range that is none', at('10.2.3.4'), { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/99' }, PROXY],
  ['an address', at('10.2.3.4:6443'), { HTTPS_PROXY: PROXY, NO_PROXY: '10.2.3.4' }, null],
  ['this port', 'https://k8s.test:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'k8s.test:6443' }, null],
  ['another port', 'https://k8s.test:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'k8s.test:443' }, PROXY],
])('%s', (_what, server, env, expected) => {
  expect(proxyFor(server, env)).toBe(expected);
});
